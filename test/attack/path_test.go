//go:build linux

package attack

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
)

// forbiddenPaths returns paths that would lead out of the store, or into its state, if
// they were not refused. The values describe them.
func forbiddenPaths(s *site) map[string]string {
	return map[string]string{
		"..":                                  "the directory above",
		"../outside/canary":                   "a file beside",
		"../outside":                          "a directory beside",
		"docs/../../outside/canary":           "a file beside, from below",
		"docs/..":                             "the root, from below",
		"docs/../file":                        "a file, from below",
		"./file":                              "a file, from where it is",
		"docs/./one":                          "a segment that is none",
		"docs//one":                           "an empty segment",
		"docs/":                               "a directory with its slash",
		"/":                                   "the root of the machine",
		"/etc/passwd":                         "a file of the machine",
		s.outside + "/canary":                 "an absolute path",
		"//" + s.outside + "/canary":          "an absolute path with two slashes",
		"file\x00":                            "a NUL at the end",
		"../outside/canary\x00.txt":           "a NUL before a harmless end",
		"docs\n/one":                          "a line feed",
		"docs/\x7f":                           "a control character",
		"docs/\u0085":                         "a control character of Unicode",
		"\xc0\xae\xc0\xae/outside/canary":     "dots in two bytes each",
		"\xe0\x80\xae\xe0\x80\xae/outside":    "dots in three bytes each",
		"..\xc0\xafoutside\xc0\xafcanary":     "slashes in two bytes each",
		"\xf0\x80\x80\xae":                    "a dot in four bytes",
		"docs/\xff":                           "no UTF-8",
		"docs/\xed\xa0\x80":                   "half of a surrogate pair",
		".tranship":                           "the state",
		".tranship/canary":                    "a file of the state",
		".TRANSHIP/canary":                    "a file of the state, in capitals",
		".TranShip":                           "the state, in both",
		".tran\u017fhip/canary":               "the state, with a long s",
		strings.Repeat("a", 256):              "a segment that is too long",
		"docs/" + strings.Repeat("a", 256):    "a segment that is too long, below",
		strings.Repeat("a/", 512) + "a":       "a path that is too long",
		strings.Repeat("../", 340) + "etc":    "a path that is as long as possible",
		strings.Repeat("a", 100_000):          "a path that is very long",
		strings.Repeat("../", 10_000) + "etc": "a path that is very long, upwards",
	}
}

// strangePaths returns ordinary names that must not be decoded, normalised or taken for
// other names.
func strangePaths() map[string]string {
	return map[string]string{
		"%2e%2e/outside/canary":       "encoded dots",
		"%2e%2e%2foutside%2fcanary":   "encoded dots and slashes",
		"..%2foutside%2fcanary":       "encoded slashes",
		"%252e%252e/outside":          "encoded twice",
		"..%00/canary":                "an encoded NUL",
		`..\outside\canary`:           "backslashes",
		`C:\outside`:                  "a drive",
		".../canary":                  "three dots",
		"..;/outside/canary":          "a parameter",
		"~/canary":                    "a home",
		"$HOME/canary":                "a variable",
		"\u2025/outside/canary":       "a two-dot leader",
		"\u2024\u2024/outside/canary": "one-dot leaders",
		"\uff0e\uff0e/outside/canary": "wide dots",
		"..\u2215outside\u2215canary": "division slashes",
		"..\uff0foutside\uff0fcanary": "wide slashes",
		".\u200d./outside/canary":     "a joiner between dots",
		"\u202e../canary":             "a mark that turns the direction",
		".tranship\u200d/canary":      "the state with a joiner",
		"\uff0etranship/canary":       "the state with a wide dot",
		".tranship /canary":           "the state with a space",
		".tranship./canary":           "the state with a dot",
		"docs/.tranship":              "the state's name, below",
		"e\u0301":                     "a letter and its accent",
		"\u00e9":                      "a letter with its accent",
	}
}

// TestForbiddenPaths sends every forbidden path in every request that contains a path.
func TestForbiddenPaths(t *testing.T) {
	s := newSite(t)
	conn := s.dial(t)
	var all sync.WaitGroup
	turns := make(chan struct{}, atOnce)
	for _, request := range requests() {
		for path, what := range forbiddenPaths(s) {
			if !sendable(request, path) {
				continue
			}
			turns <- struct{}{}
			all.Go(func() {
				defer func() { <-turns }()
				switch code := request.send(t, conn, path); {
				case request.id && (code == codes.NotFound || code == codes.Aborted || code == codes.InvalidArgument):
				case request.after && (code == codes.OK || code == codes.InvalidArgument):
				case !request.id && code == codes.InvalidArgument:
				// The stream fails if a message is larger than its limit without data.
				case len(path) > 16<<10 && code == codes.ResourceExhausted:
				default:
					t.Errorf("%s: %s, %.40q: %v", request.name, what, path, code)
				}
			})
		}
	}
	all.Wait()
	s.unchanged(t)
}

// sendable reports whether gRPC can send a path: non-binary metadata must be printable
// ASCII, and no longer than the server's limit of headers.
func sendable(r request, path string) bool {
	if r.header == nil || !strings.HasPrefix(r.method, "/FileTransfer") {
		return true
	}
	if strings.HasSuffix(r.name, "plain") && strings.ContainsFunc(path, func(c rune) bool { return c < ' ' || c > '~' }) {
		return false
	}
	return len(path) < 4096
}

// TestStrangePaths reads, writes and removes files with strange names. Each name must be
// exactly one file.
func TestStrangePaths(t *testing.T) {
	s := newSite(t)
	conn := s.dial(t)
	for _, request := range requests() {
		t.Run(request.name, func(t *testing.T) {
			for path, what := range strangePaths() {
				if !sendable(request, path) {
					continue
				}
				code := request.send(t, conn, path)
				written := filepath.Join(s.root, filepath.FromSlash(path))
				info, err := os.Lstat(written)
				switch {
				case request.writes && (code != codes.OK || err != nil || !info.Mode().IsRegular()):
					t.Errorf("%s, %q: %v, and then Stat returned %v, %v", what, path, code, info, err)
				case !request.writes && err == nil:
					t.Errorf("%s, %q: the file exists", what, path)
				case request.lists && code != codes.OK:
					t.Errorf("%s, %q: %v", what, path, code)
				case !request.writes && !request.lists && code != codes.NotFound && code != codes.Aborted && code != codes.InvalidArgument:
					t.Errorf("%s, %q: %v", what, path, code)
				}
				if request.writes {
					removeUpTo(t, written, s.root)
				}
				s.unchanged(t)
			}
		})
	}
}

// removeUpTo removes a file, and directories below a root that become empty.
func removeUpTo(t testing.TB, name, root string) {
	t.Helper()
	for err := error(nil); name != root && err == nil; name = filepath.Dir(name) {
		err = os.Remove(name)
	}
}
