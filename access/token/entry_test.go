package token_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/token"
)

var digits = strings.Repeat("0123456789abcdef", 4)

func TestMalformedEntries(t *testing.T) {
	good := "sha256:" + digits + " alice ops,dev 2026-01-02T15:04:05Z never"
	if e, err := token.ParseEntry(good); err != nil || e.String() != good || e.ID() != "0123456789ab" {
		t.Errorf("%+v, %v", e, err)
	}
	// Time zones and letter case of digits do not matter.
	if e, err := token.ParseEntry("\t sha256:" + strings.ToUpper(digits) + "\talice  ops,dev 2026-01-02T17:04:05+02:00 never"); err != nil || e.String() != good {
		t.Errorf("%+v, %v", e, err)
	}
	for _, line := range []string{
		"sha256:" + digits,
		"sha256:" + digits + " alice",
		"sha256:" + digits + " alice - 2026-01-02T15:04:05Z",
		good + " more",
		digits + " alice - 2026-01-02T15:04:05Z never",
		"sha512:" + digits + " alice - 2026-01-02T15:04:05Z never",
		"sha256:" + digits[1:] + " alice - 2026-01-02T15:04:05Z never",
		"sha256:" + digits + "00 alice - 2026-01-02T15:04:05Z never",
		"sha256:" + digits[1:] + "g alice - 2026-01-02T15:04:05Z never",
		"sha256:" + digits + " alice - 2026-01-02 never",
		"sha256:" + digits + " alice - 2026-01-02T15:04:05Z 2026-02-30T15:04:05Z",
		"sha256:" + digits + " alice - 2026-01-02T15:04:05Z neve",
		"sha256:" + digits + " alice - 2026-01-02T15:04:05Z 2026-01-02T15:04:05.5Z",
		"sha256:" + digits + " alice - 2026-01-02T15:04:05Z 0001-01-01T00:00:00Z",
		"sha256:" + digits + " alice ops, 2026-01-02T15:04:05Z never",
		"sha256:" + digits + " alice ,ops 2026-01-02T15:04:05Z never",
		"sha256:" + digits + " oidc:alice - 2026-01-02T15:04:05Z never",
		"sha256:" + digits + " alice cert:ops 2026-01-02T15:04:05Z never",
		"sha256:" + digits + " anonymous - 2026-01-02T15:04:05Z never",
		"sha256:" + digits + " * - 2026-01-02T15:04:05Z never",
		"sha256:" + digits + " - - 2026-01-02T15:04:05Z never",
		"sha256:" + digits + " ../alice - 2026-01-02T15:04:05Z never",
		"sha256:" + digits + " a/b - 2026-01-02T15:04:05Z never",
		"sha256:" + digits + " al\x00ice - 2026-01-02T15:04:05Z never",
		"sha256:" + digits + " al\xffice - 2026-01-02T15:04:05Z never",
		"sha256:" + digits + " " + strings.Repeat("a", 129) + " - 2026-01-02T15:04:05Z never",
	} {
		if e, err := token.ParseEntry(line); err == nil {
			t.Errorf("%q is %+v", line, e)
		}
	}
}

func TestParse(t *testing.T) {
	other := strings.Repeat("ab", 32)
	content := "# comment\n\n  \r\nsha256:" + digits + " alice - 2026-01-02T15:04:05Z never\r\n" +
		"sha256:" + other + " bob ops 2026-01-02T15:04:05Z never" // without a newline
	entries, err := token.Parse([]byte(content))
	if err != nil || len(entries) != 2 {
		t.Errorf("%+v, %v", entries, err)
	}
	for text, line := range map[string]int{
		"nonsense\n": 1,
		"# a\nsha256:" + digits + " alice - 2026-01-02T15:04:05Z never\nsha256:" + digits + " root - 2026-01-02T15:04:05Z never\n": 3,
		"\n\nx": 3,
	} {
		_, err := token.Parse([]byte(text))
		if wrong, ok := errors.AsType[*token.LineError](err); !ok || wrong.Line != line {
			t.Errorf("%q: %v, want one in line %d", text, err, line)
		}
	}
}

// FuzzParse checks that every entry of a file has a valid name, that no token has two
// entries, and that String writes what was read.
func FuzzParse(f *testing.F) {
	f.Add([]byte("# comment\n\nsha256:" + digits + " alice ops,dev 2026-01-02T15:04:05Z never\n"))
	f.Add([]byte("sha256:" + digits + " alice - 2026-01-02T15:04:05Z 2026-02-01T15:04:05Z\r\nsha256:" + digits + " alice - 2026-01-02T15:04:05Z never"))
	f.Add([]byte("sha256: x\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		entries, err := token.Parse(content)
		if err != nil {
			if wrong, ok := errors.AsType[*token.LineError](err); !ok || wrong.Line < 1 || wrong.Line > bytes.Count(content, []byte("\n"))+1 {
				t.Errorf("error %v", err)
			}
			return
		}
		var ids []string
		for _, e := range entries {
			for _, name := range append([]string{e.Name}, e.Groups...) {
				if access.ValidateName(name) != nil || strings.ContainsAny(name, ":, /#") {
					t.Errorf("the name %q", name)
				}
			}
			again, err := token.ParseEntry(e.String())
			if err != nil || again.String() != e.String() {
				t.Errorf("%q was read as %q, %v", e, again, err)
			}
			ids = append(ids, strings.Fields(e.String())[0])
		}
		slices.Sort(ids)
		if len(slices.Compact(ids)) != len(entries) {
			t.Error("a token has two entries")
		}
	})
}
