package tranship_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/tranship/tranship"
)

// pathTests maps paths to a word of the rule that they break; "" for valid ones.
var pathTests = []struct{ path, rule string }{
	{"a", ""},
	{"a/b/c.txt", ""},
	{"...", ""},
	{"..x/x../.x", ""},
	{".trans", ""},
	{".tranship2", ""},
	{".transhi/p", ""},
	{"a/.tranship", ""},
	{"tranship/.tranship/x", ""},
	{" ", ""},
	{`\`, ""},
	{"C:", ""},
	{"%2e%2e/%2F", ""},
	{"日本語/é/e\u0301/😀", ""},
	{"\u00a0\u200b\u2028\u202e\ufeff\ufffd", ""}, // invisible, but no control characters
	{strings.Repeat("n", 255), ""},
	{strings.Repeat("n", 255) + "/" + strings.Repeat("n", 255), ""},
	{strings.Repeat("日", 85), ""},
	{strings.Repeat("a/", 511) + "ab", ""}, // 1024 bytes

	{"", "empty"},
	{"/", "relative"},
	{"/a", "relative"},
	{"//", "relative"},
	{"a/", "empty segments"},
	{"a//b", "empty segments"},
	{".", "'.'"},
	{"..", "'..'"},
	{"./a", "'.'"},
	{"../a", "'..'"},
	{"a/.", "'.'"},
	{"a/..", "'..'"},
	{"a/../b", "'..'"},
	{".tranship", "reserved"},
	{".tranship/x", "reserved"},
	{".TRANSHIP/x", "reserved"},
	{".TranShip", "reserved"},
	{".tranſhip/x", "reserved"}, // U+017F folds to s
	{strings.Repeat("n", 256), "255"},
	{strings.Repeat("n", 300), "255"},
	{"a/" + strings.Repeat("n", 256) + "/b", "255"},
	{strings.Repeat("日", 86), "255"},
	{strings.Repeat("a/", 512) + "b", "1024"}, // 1025 bytes
	{strings.Repeat("a", 1025), "1024"},
	{"a\x00b", "control"},
	{"\x00", "control"},
	{"a\nb", "control"},
	{"a\tb", "control"},
	{"\x7f", "control"},
	{"\u0080", "control"},
	{"a/\u0085", "control"},
	{"\u009f", "control"},
	{"\xff", "UTF-8"},
	{"a/\xc3\x28", "UTF-8"},
	{"\xc0\xaf", "UTF-8"},     // '/', overlong
	{"\xed\xa0\x80", "UTF-8"}, // a surrogate
	{"cut\xe2\x82", "UTF-8"},
}

func TestValidatePath(t *testing.T) {
	for _, test := range pathTests {
		checkInvalid(t, test.path, tranship.ValidatePath(test.path), "path", test.rule)
	}
}

func TestValidateDirectory(t *testing.T) {
	for _, test := range pathTests {
		if test.path != "" {
			checkInvalid(t, test.path, tranship.ValidateDirectory(test.path), "directory", test.rule)
		}
	}
	if err := tranship.ValidateDirectory(""); err != nil {
		t.Errorf("the root is refused: %v", err)
	}
}

// checkInvalid checks that err is for field and has rule in its rule, or is nil if
// rule is empty.
func checkInvalid(t *testing.T, what any, err error, field, rule string) {
	t.Helper()
	if rule == "" {
		if err != nil {
			t.Errorf("%.40q: %v, want nil", what, err)
		}
		return
	}
	invalid, ok := errors.AsType[*tranship.InvalidError](err)
	if !ok || !errors.Is(err, tranship.ErrInvalid) {
		t.Errorf("%.40q: %v, want an *InvalidError", what, err)
		return
	}
	if invalid.Field != field || !strings.Contains(invalid.Rule, rule) {
		t.Errorf("%.40q: %v, want one for %s about %q", what, err, field, rule)
	}
}

// FuzzValidatePath compares ValidatePath with another definition of a valid path.
func FuzzValidatePath(f *testing.F) {
	for _, test := range pathTests {
		f.Add(test.path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		segments := strings.Split(path, "/")
		want := len(path) <= 1024 && utf8.ValidString(path) &&
			!slices.ContainsFunc([]rune(path), func(r rune) bool { return unicode.Is(unicode.Cc, r) }) &&
			!slices.ContainsFunc(segments, func(segment string) bool {
				return segment == "" || segment == "." || segment == ".." || len(segment) > 255
			}) &&
			strings.ToUpper(strings.ToLower(segments[0])) != ".TRANSHIP" && strings.ToUpper(segments[0]) != ".TRANSHIP"
		if err := tranship.ValidatePath(path); (err == nil) != want {
			t.Errorf("ValidatePath(%q) is %v, want valid: %t", path, err, want)
		}
	})
}
