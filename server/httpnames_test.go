package server_test

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/disk"
	"github.com/tranship/tranship/store/mem"
)

// legalNames returns names with every ASCII character that a path may have, at every place, and with
// characters of every other kind.
func legalNames() []string {
	runes := []rune("\u00a0\u00ad\u00df\u0301\u06dd\u200b\u200d\u202e\u2028\u2066\u3000\ufeff\uff0f\ufffd\ufffe\ue000\U0001f600\U000e0001\U0010ffff")
	for r := ' '; r <= '~'; r++ {
		if r != '/' {
			runes = append(runes, r)
		}
	}
	var names []string
	for _, r := range runes {
		c := string(r)
		names = append(names, c, c+"a", "a"+c, "a"+c+"b", c+c+c)
	}
	return append(slices.DeleteFunc(names, func(name string) bool { return name == "." }),
		"%2e%2e", "%2F", "%00", "%25", "a%20b", `"; filename="x.html`, "*=UTF-8''x", `\"`, "con", "a:b", "x.html;y", "?query", "#fragment", "..a", "a..",
		"<img src=x onerror=alert(1)>.html", strings.Repeat("n", tranship.MaxSegmentBytes), strings.Repeat("é", tranship.MaxSegmentBytes/2), "a\u0301", "\u00e1")
}

// escapes returns ways to write a name in a URL, which all mean the name.
func escapes(name string) []string {
	var all, upper strings.Builder
	for _, c := range []byte(name) {
		fmt.Fprintf(&all, "%%%02x", c)
		fmt.Fprintf(&upper, "%%%02X", c)
	}
	return []string{url.PathEscape(name), all.String(), upper.String()}
}

// TestHTTPNames stores, reads, lists and removes files of all names that are legal, however a URL
// has them, in both kinds of stores.
func TestHTTPNames(t *testing.T) {
	onDisk, err := disk.Open(t.TempDir(), disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = onDisk.Close() })
	for kind, store := range map[string]tranship.Store{"mem": &mem.Store{}, "disk": onDisk} {
		t.Run(kind, func(t *testing.T) {
			w := serveHTTP(t, store, server.Config{})
			var want []string
			for _, name := range legalNames() {
				directory := "d-" + name
				if len(directory) > tranship.MaxSegmentBytes {
					directory = name
				}
				path := directory + "/" + name
				want = append(want, path)
				w.do(http.MethodPut, path, strings.NewReader(path)).want(t, "PUT "+path, http.StatusCreated)
				for i, escaped := range escapes(name) {
					got := w.raw(http.MethodGet, "/files/"+escapes(directory)[i]+"/"+escaped)
					if got.status != http.StatusOK || got.body != path {
						t.Errorf("GET of %q as %s: %d, %q, %v", path, escaped, got.status, got.body, got.err)
					}
					checkAttachment(t, got.header, name)
				}
				head := w.do(http.MethodHead, path, nil).want(t, "HEAD "+path, http.StatusOK)
				checkAttachment(t, head.header, name)
				if got := w.listed(t, escapes(directory)[1]+"/"); !slices.Equal(got, []string{path}) {
					t.Errorf("the list of %q has %q", directory, got)
				}
			}
			slices.Sort(want)
			want = slices.Compact(want)
			if got := w.listed(t, "?recursive=true"); !slices.Equal(got, want) {
				t.Errorf("the list of all has %d files, want %d", len(got), len(want))
			}
			for _, path := range want {
				w.do(http.MethodDelete, path, nil).want(t, "DELETE "+path, http.StatusNoContent)
			}
			if got := w.listed(t, "?recursive=true"); len(got) > 0 {
				t.Errorf("%q remain", got)
			}
		})
	}
}

// checkAttachment checks that a response is saved under a name, and that no name adds a header or a
// parameter.
func checkAttachment(t *testing.T, header http.Header, name string) {
	t.Helper()
	value := header.Get("Content-Disposition")
	kind, parameters, err := mime.ParseMediaType(value)
	if err != nil || kind != "attachment" || parameters["filename"] != name || len(parameters) != 1 || len(header.Values("Content-Disposition")) != 1 {
		t.Errorf("%q: %s, %v: %q, %v", name, value, kind, parameters, err)
	}
	// A client that does not know filename* gets the characters that all understand alike.
	_, plain, _ := strings.Cut(value, `filename="`)
	plain, _, closed := strings.Cut(plain, `"`)
	if !closed || strings.ContainsAny(plain, `\%`) || strings.ContainsFunc(plain, func(r rune) bool { return r > '~' || unicode.IsControl(r) }) {
		t.Errorf("%q: the plain name is %q", name, plain)
	}
}

// raw makes a request whose path is written as it is.
func (w *web) raw(method, escaped string, headers ...string) response {
	w.t.Helper()
	path, query, hasQuery := strings.Cut(escaped, "?")
	unescaped, err := url.PathUnescape(path)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.send(&http.Request{Method: method, URL: &url.URL{Scheme: "http", Host: w.address, Path: unescaped, RawPath: path, RawQuery: query, ForceQuery: hasQuery}}, headers...)
}

// listed returns the paths of a list.
func (w *web) listed(t *testing.T, query string) (paths []string) {
	t.Helper()
	got := w.raw(http.MethodGet, "/files/"+query).want(t, "GET "+query, http.StatusOK)
	for line := range strings.Lines(got.body) {
		var entry struct{ Path string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		paths = append(paths, entry.Path)
	}
	slices.Sort(paths)
	return paths
}
