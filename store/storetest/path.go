package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tranship/tranship"
)

func pathTests() []test {
	return []test{
		{"awkward", awkwardPaths},
		{"invalid", invalidPaths},
		{"like paths of the machine", machinePaths},
		{"spellings of one name", spellings},
	}
}

// awkward returns valid paths that a store might change, escape or hide by mistake.
func awkward() []string {
	long := strings.Repeat("n", tranship.MaxSegmentBytes)
	longest := strings.Repeat(strings.Repeat("p", 203)+"/", 5)
	longest += strings.Repeat("q", tranship.MaxPathBytes-len(longest))
	return []string{
		"a b", " leading", "trailing ", "trailing.", "two  spaces", "a+b", "+",
		"100%", "%2F", "%00", "a%2Fb", "%2e%2e", "%",
		"hash#tag", "#", "what?", "?", "a&b=c", "semi;colon", "comma,", "at@", "a:b", "C:",
		`back\slash`, `\`, `..\up`, `"quoted"`, "'single'", "`tick`", "$HOME", "${x}", "~", "~root",
		"*", "[a-z]", "{a,b}", "!", "|", "<x>", "(x)", "=", "^",
		"-rf", "--", "-",
		"...", "..x", "x..", ".x", ".x.", "....", ".hidden/.x", "dots/..x/y", "dots/.../y",
		".trans", ".transhi", ".tranship2", ".tranship.tmp", "tranship", "deep/.tranship", "deep/.TRANSHIP2/x",
		"Case", "case", "CASE",
		"CON", "nul", "con.txt", "lost+found", ".DS_Store", "x.tmp", "x~", ".x.swp", "x.part", "x.lock",
		"null", "0", "00", "1e9", "true",
		"ünïcödé", "caf\u00e9", "cafe\u0301", "日本語/文字", "emoji 😀", "עברית", "\u202eright", "\u2028line",
		"\ufeffbom", "\ufffd", "\u00a0", "\u200b", "\U0010ffff", "ß", "ſ", "İ",
		long, "long/" + long, "under/" + long + "/x", strings.Repeat("日", tranship.MaxSegmentBytes/3),
		longest,
		strings.Repeat("d/", 200) + "deep",
	}
}

// awkwardPaths stores a file at each awkward path of one store, and finds each with its own
// content by every method.
func awkwardPaths(f fixture) {
	paths := awkward()
	slices.Sort(paths)
	paths = slices.Compact(paths)
	for _, path := range paths {
		f.put(path, []byte(path))
	}
	f.lists(tranship.ListOptions{Recursive: true}, paths...)
	for i, path := range paths {
		f.has(path, []byte(path))
		if i > 0 {
			options := tranship.ListOptions{Recursive: true, StartAfter: paths[i-1]}
			for entry, err := range f.store.List(f.Context(), options) {
				if err != nil || entry.Path != path {
					f.Fatalf("List after %q begins with %q, %v; want %q", options.StartAfter, entry.Path, err, path)
				}
				break
			}
		}
	}
	for _, path := range paths {
		mode := tranship.DefaultMode
		if _, err := f.store.SetAttributes(f.Context(), path, tranship.Attributes{Mode: &mode}, tranship.Precondition{}); err != nil {
			f.Errorf("SetAttributes(%q): %v", path, err)
		}
		f.copyFile(path, "copy")
		f.moveFile(path, "moved")
		f.moveFile("moved", path)
		f.has(path, []byte(path))
		f.remove(path)
		f.hasNot(path)
	}
	f.lists(tranship.ListOptions{}, "copy")
}

// invalidPaths checks that every method refuses every invalid path and changes nothing.
func invalidPaths(f fixture) {
	kept := f.put("kept", []byte("kept"))
	none := tranship.Precondition{}
	methods := map[string]func(path string) error{
		"Stat": func(path string) error {
			_, err := f.store.Stat(f.Context(), path)
			return err
		},
		"Open": func(path string) error {
			_, err := f.store.Open(f.Context(), path, tranship.OpenOptions{})
			return err
		},
		"List": func(path string) error {
			if path == "" { // the root
				return &tranship.InvalidError{Field: "path", Rule: "none"}
			}
			var last error
			for _, err := range f.store.List(f.Context(), tranship.ListOptions{Directory: path}) {
				last = err
			}
			return last
		},
		"Put": func(path string) error {
			_, err := f.store.Put(f.Context(), tranship.Spec{Path: path}, []byte("data"))
			return err
		},
		"Begin": func(path string) error {
			upload, err := f.store.Begin(f.Context(), tranship.Spec{Path: path})
			if err == nil {
				_ = upload.Abort(f.Context())
			}
			return err
		},
		"SetAttributes": func(path string) error {
			_, err := f.store.SetAttributes(f.Context(), path, tranship.Attributes{}, none)
			return err
		},
		"Remove": func(path string) error {
			return f.store.Remove(f.Context(), path, none)
		},
		"Move from": func(path string) error {
			_, err := f.store.Move(f.Context(), path, "other", none)
			return err
		},
		"Move to": func(path string) error {
			_, err := f.store.Move(f.Context(), "kept", path, none)
			return err
		},
		"Copy from": func(path string) error {
			_, err := f.store.Copy(f.Context(), path, "other", none)
			return err
		},
		"Copy to": func(path string) error {
			_, err := f.store.Copy(f.Context(), "kept", path, none)
			return err
		},
	}
	dropLacking(f, methods)
	for _, path := range []string{
		"", "/", "/absolute", "a/", "a//b", "//a", ".", "..", "./a", "../a", "a/.", "a/..", "a/./b", "a/../b",
		"kept/../other", ".tranship", ".tranship/x", ".TRANSHIP/x", ".Tranship", ".tran\u017fhip/x",
		"nul\x00", "a\x00/b", "line\nfeed", "tab\t", "bell\a", "\x7f", "c1\u0085", "\u009b",
		"bad\xff", "\xc3\x28", "surrogate\xed\xa0\x80", "cut\xe2\x82",
		strings.Repeat("n", tranship.MaxSegmentBytes+1), "a/" + strings.Repeat("n", 300),
		strings.Repeat("a/", tranship.MaxPathBytes/2) + "b",
	} {
		for name, method := range methods {
			if problem := notInvalid(method(path)); problem != "" {
				f.Errorf("%s with path %q %s", name, path, problem)
			}
		}
	}
	f.lists(tranship.ListOptions{Recursive: true}, "kept")
	f.sameFile(f.has("kept", []byte("kept")), kept)
}

// machinePaths checks that names of the operating system have no meaning in the store.
func machinePaths(f fixture) {
	for _, path := range []string{"etc/passwd", "dev/null", "proc/self/mem", "tmp/x"} {
		f.hasNot(path)
		f.put(path, []byte(path))
		f.has(path, []byte(path))
	}
}

// spellings stores files with names that some file systems take for the same name. Each is
// a file of its own, or the store refuses the later one and keeps the earlier one.
func spellings(f fixture) {
	for i, pair := range [][2]string{
		{"name", "NAME"},
		{"Stra\u00dfe", "STRASSE"},
		{"caf\u00e9", "cafe\u0301"},
		{"joined", "joi\u200dned"},
		{"dots", "dots."},
		{"space", "space "},
		{"long-enough", "LONG-E~1"},
		{"dir/file", "DIR/file"},
		{"dir/file", "Dir/other"},
	} {
		// Each pair has a directory of its own.
		first, second := fmt.Sprintf("%d/%s", i, pair[0]), fmt.Sprintf("%d/%s", i, pair[1])
		f.put(first, []byte(first))
		_, err := f.store.Put(f.Context(), tranship.Spec{Path: second}, []byte(second))
		refused := errors.Is(err, tranship.ErrExists) || errors.Is(err, tranship.ErrInvalid)
		switch {
		case err == nil:
			f.has(second, []byte(second))
			f.remove(second)
		case refused:
			f.hasNot(second)
		default:
			f.Errorf("Put(%q) beside %q: %v", second, first, err)
		}
		f.has(first, []byte(first))
		if f.lacks[NoMove] {
			f.remove(first)
			continue
		}
		moved, err := f.store.Move(f.Context(), first, second, tranship.Precondition{})
		switch {
		case err == nil && moved.Path == second:
			f.hasNot(first)
			f.has(second, []byte(first))
		case errors.Is(err, tranship.ErrExists), errors.Is(err, tranship.ErrInvalid):
			f.has(first, []byte(first))
		default:
			f.Errorf("Move(%q, %q): %+v, %v", first, second, moved, err)
		}
	}
}
