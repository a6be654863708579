package crash

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tranship/tranship/internal/testing/faultproxy"
)

// The size of a tree of files of 4 KiB. A single failed file must not stop its copy.
const (
	many      = 10_000
	manyBytes = 4 << 10
)

func manyName(n int) string { return fmt.Sprintf("%02d/%04d", n%100, n) }

func makeMany(t *testing.T, dir string) {
	t.Helper()
	content := make([]byte, manyBytes)
	for n := range many {
		name := filepath.Join(dir, manyName(n))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		copy(content, manyName(n))
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// delivered fails unless the target has all files except but, and no others.
func delivered(t *testing.T, source, target, but string) {
	t.Helper()
	found := filesBelow(t, target)
	for n := range many {
		name := manyName(n)
		if name == but {
			continue
		}
		if found[name] != manyBytes {
			t.Fatalf("%s has %d bytes", name, found[name])
		}
		delete(found, name)
		if n%97 == 0 {
			same(t, filepath.Join(source, name), filepath.Join(target, name))
		}
	}
	for name := range found {
		t.Errorf("%s should not be there", name)
	}
}

// TestOneBadFile checks that one bad file among ten thousand is reported, by name and by
// exit code, and that the others are copied.
func TestOneBadFile(t *testing.T) {
	s := newSite(t, faultproxy.Link{})
	source := filepath.Join(t.TempDir(), "tree")
	makeMany(t, source)
	const bad = "42/4242"
	for name, test := range map[string]struct {
		spoil  func(t *testing.T, target string)
		mended func(t *testing.T, target string)
		code   int
	}{
		// The source has a name that no path can have.
		"invalid source": {
			spoil: func(t *testing.T, _ string) {
				rename(t, filepath.Join(source, bad), filepath.Join(source, bad+"\n"))
			},
			mended: func(t *testing.T, _ string) {
				rename(t, filepath.Join(source, bad+"\n"), filepath.Join(source, bad))
			},
			code: 1,
		},
		// A file at a parent of the path blocks it.
		"blocked destination": {
			spoil: func(t *testing.T, target string) {
				name := filepath.Join(target, bad, "in-the-way")
				if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, nil, 0o644); err != nil {
					t.Fatal(err)
				}
			},
			mended: func(t *testing.T, target string) {
				if err := os.RemoveAll(filepath.Join(target, bad)); err != nil {
					t.Fatal(err)
				}
			},
			code: 6,
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := strings.ReplaceAll(name, " ", "-")
			target := s.file(path)
			test.spoil(t, target)
			cp := start(t, "cp", "-r", "--json", "--durability", "written", source+"/.", s.proxyURL(path))
			if code := cp.Wait(t, patience); code != test.code {
				t.Errorf("exit code %d, want %d: %s", code, test.code, cp.Err.String())
			}
			if text := cp.Err.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "4242") {
				t.Errorf("reported: %q", text)
			}
			failed := 0
			results := cp.results(t)
			for _, result := range results {
				if result.Error != "" {
					failed++
				}
			}
			if len(results) != many || failed != 1 {
				t.Errorf("%d results, %d of them failed", len(results), failed)
			}
			test.mended(t, target)
			delivered(t, source, target, bad)

			start(t, "cp", "-r", source+"/.", s.proxyURL(path)).Succeeds(t, patience)
			delivered(t, source, target, "")
		})
	}
	s.clean(t)
	s.server.stop(t)
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}
