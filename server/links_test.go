package server_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/server"
)

// TestLinkFile reads a file with a link, as often as it is there.
func TestLinkFile(t *testing.T) {
	s := newLinkSite(t, newMem(), server.Config{})
	content := string(filetest.Random(1<<20 - 3))
	s.stored("docs/a b.txt", content)
	s.stored("docs/secret", "x")
	link := s.share("ann", `{"path":"docs/a b.txt"}`)
	if left := time.Until(link.Expires); left < 6*24*time.Hour || left > 7*24*time.Hour {
		t.Errorf("the link expires in %v", left)
	}
	got := s.at("", http.MethodGet, link.URL, nil).want(t, "GET", http.StatusOK)
	if got.body != content {
		t.Error("another content")
	}
	for name, want := range map[string]string{
		"Content-Disposition": `attachment; filename="a b.txt"`, "Content-Type": "application/octet-stream",
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "private, no-cache",
	} {
		if got.header.Get(name) != want {
			t.Errorf("%s: %q", name, got.header.Get(name))
		}
	}
	if got := s.at("", http.MethodGet, link.URL, nil, "Range", "bytes=100-199").want(t, "a range", http.StatusPartialContent); got.body != content[100:200] {
		t.Error("another range")
	}
	if got := s.at("", http.MethodHead, link.URL, nil).want(t, "HEAD", http.StatusOK); got.header.Get("Content-Length") != fmt.Sprint(len(content)) {
		t.Errorf("%v", got.header)
	}
	// The credentials of the caller say nothing, even if they are bad.
	s.at("eve", http.MethodGet, link.URL, nil).want(t, "with a bad token", http.StatusOK)
	for _, path := range []string{link.URL + "/", link.URL + "/secret", link.URL + "/../secret", link.URL + "/%2e%2e/secret", link.URL + "%2f..%2fsecret", link.URL[:len(link.URL)-1], link.URL + "a", "/s/", "/s", "/s//"} {
		s.at("", http.MethodGet, path, nil).want(t, path, http.StatusNotFound)
	}
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPost, "MOVE"} {
		s.at("", method, link.URL, nil).want(t, method, http.StatusMethodNotAllowed)
	}
	s.at("bob", http.MethodDelete, "/share/"+link.ID, nil).want(t, "DELETE by bob", http.StatusNotFound)
	if list := s.at("bob", http.MethodGet, "/share/", nil).want(t, "the list of bob", http.StatusOK); list.body != "" {
		t.Errorf("bob has %s", list.body)
	}
	if list := s.at("ann", http.MethodGet, "/share/", nil).want(t, "the list of ann", http.StatusOK); !strings.Contains(list.body, link.ID) || strings.Contains(list.body, link.URL) {
		t.Errorf("ann has %s", list.body)
	}
	s.at("ann", http.MethodDelete, "/share/"+link.ID, nil).want(t, "DELETE by ann", http.StatusNoContent)
	s.gone("revoked", link.URL)
	s.at("ann", http.MethodDelete, "/share/"+link.ID, nil).want(t, "DELETE again", http.StatusNotFound)
	logged := s.logged.String()
	if strings.Contains(logged, link.URL[len("/s/")+24:]) {
		t.Error("the log has the secret of a link")
	}
	for _, line := range []string{`"action":"link_create"`, `"action":"link_revoke"`, `"link":"` + link.ID} {
		if !strings.Contains(logged, line) {
			t.Errorf("the log does not have %s", line)
		}
	}
}

// TestLinkDirectory lists and reads what is below a directory, and nothing else.
func TestLinkDirectory(t *testing.T) {
	s := newLinkSite(t, newMem(), server.Config{})
	s.stored("docs/sub/a", "1")
	s.stored("docs/b<i>&", "2")
	s.stored("docs2/c", "3")
	s.stored("d", "4")
	link := s.share("ann", `{"path":"docs/"}`)
	if got := s.at("", http.MethodGet, link.URL+"?recursive=true", nil).want(t, "the list", http.StatusOK); !strings.HasPrefix(got.body, `{"path":"b<i>&"`) ||
		!strings.Contains(got.body, `{"path":"sub/a"`) || strings.Contains(got.body, "docs") {
		t.Errorf("the list is %s", got.body)
	}
	if got := s.at("", http.MethodGet, link.URL+"?start-after=b%3Ci%3E%26", nil).want(t, "a later list", http.StatusOK); got.body != `{"path":"sub/"}`+"\n" {
		t.Errorf("the rest of the list is %s", got.body)
	}
	page := s.at("", http.MethodGet, link.URL, nil, "Accept", "text/html,*/*").want(t, "the page", http.StatusOK)
	if !strings.Contains(page.body, `<a href="./b%3Ci%3E&amp;" download>b&lt;i&gt;&amp;</a>`) || !strings.Contains(page.header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("the page is %s with %v", page.body, page.header)
	}
	if got := s.at("", http.MethodGet, link.URL+"sub/a", nil).want(t, "a file", http.StatusOK); got.body != "1" {
		t.Errorf("%q", got.body)
	}
	if got := s.at("", http.MethodGet, link.URL+"b%3Ci%3E%26", nil).want(t, "a file", http.StatusOK); got.body != "2" {
		t.Errorf("%q", got.body)
	}
	for _, path := range []string{"../d", "%2e%2e/d", "..%2fd", "../docs2/c", "sub/../../d", "/d", "./b", "sub", "sub/", "none", "%00", "..", "%2e%2e%2fdocs2%2fc"} {
		if got := s.at("", http.MethodGet, link.URL+path, nil); got.status != http.StatusNotFound {
			t.Errorf("%s: status %d with %q", path, got.status, got.body)
		}
	}
	s.at("", http.MethodPut, link.URL+"new", strings.NewReader("x")).want(t, "PUT", http.StatusMethodNotAllowed)
}

// TestLinkDescribed asks for a link for uploads, as programs and as browsers do. It tells nothing of the
// directory, nor of who has made the link.
func TestLinkDescribed(t *testing.T) {
	s := newLinkSite(t, newMem(), server.Config{})
	s.stored("inbox/old", "old")
	link := s.share("ann", `{"path":"inbox/","upload":true,"max_size":2000000,"max_uses":1}`)
	check := func(uses string) {
		t.Helper()
		got := s.at("", http.MethodGet, link.URL, nil).want(t, "GET", http.StatusOK)
		for _, word := range []string{`"id":"` + link.ID + `"`, `"upload":true`, `"expires":"`, `"max_size":2000000`, `"max_uses":1`, `"uses":` + uses} {
			if !strings.Contains(got.body, word) {
				t.Errorf("the link is described without %s: %s", word, got.body)
			}
		}
		for _, secret := range []string{"inbox", "old", "ann"} {
			if strings.Contains(got.body, secret) {
				t.Errorf("the link is described with %q: %s", secret, got.body)
			}
		}
		if cache := got.header.Get("Cache-Control"); cache != "private, no-store" {
			t.Errorf("caches may keep it: %q", cache)
		}
		if head := s.at("", http.MethodHead, link.URL, nil).want(t, "HEAD", http.StatusOK); head.body != "" {
			t.Errorf("HEAD has %q", head.body)
		}
		shown := s.at("", http.MethodGet, link.URL, nil, "Accept", "text/html,*/*;q=0.8").want(t, "a browser", http.StatusOK)
		if !strings.Contains(shown.body, "/page/page.js") || !strings.Contains(shown.header.Get("Content-Security-Policy"), "script-src 'self'") {
			t.Errorf("a browser gets %v %s", shown.header, shown.body)
		}
		if got.header.Get("Vary") != "Accept" || shown.header.Get("Vary") != "Accept" {
			t.Errorf("caches may give the answer to others: %q %q", got.header["Vary"], shown.header["Vary"])
		}
	}
	check("0")
	if got := s.at("", http.MethodGet, strings.TrimSuffix(link.URL, "/"), nil).want(t, "without a slash", http.StatusOK); !strings.Contains(got.body, link.ID) {
		t.Errorf("without a slash, it leads to %s", got.body)
	}
	s.at("", http.MethodPut, link.URL+"new", strings.NewReader("x")).want(t, "PUT", http.StatusCreated)
	check("1") // an upload that has begun may go on
	s.at("ann", http.MethodDelete, "/share/"+link.ID, nil).want(t, "revoke", http.StatusNoContent)
	for _, accept := range []string{"*/*", "text/html"} {
		s.at("", http.MethodGet, link.URL, nil, "Accept", accept).want(t, "revoked", http.StatusNotFound)
	}
}

// TestLinkMistyped asks for links with JSON of wrong types. The answers name the fields, and no types of the
// program.
func TestLinkMistyped(t *testing.T) {
	s := newLinkSite(t, newMem(), server.Config{})
	s.stored("docs/a", "a")
	for body, want := range map[string]string{
		`{"path":"docs/a","max_size":"1KiB"}`: "max_size",
		`{"path":1}`:                          "path",
		`[]`:                                  "body",
		`{"path":"docs/a","paths":1}`:         `unknown field "paths"`,
		`{`:                                   "body",
	} {
		got := s.at("ann", http.MethodPost, "/share/", strings.NewReader(body), "Content-Type", "application/json").want(t, body, http.StatusBadRequest)
		if !strings.Contains(got.body, want) || strings.Contains(got.body, "Go ") {
			t.Errorf("%s: %s", body, got.body)
		}
	}
}

// TestLinkUpload attacks a link for uploads.
func TestLinkUpload(t *testing.T) {
	s := newLinkSite(t, newMem(), server.Config{})
	s.stored("inbox/old", "old")
	link := s.share("ann", `{"path":"inbox/","upload":true,"max_size":2000000}`)
	put := func(name string, body io.Reader, headers ...string) response {
		t.Helper()
		return s.at("", http.MethodPut, link.URL+name, body, headers...)
	}
	put("new", strings.NewReader("new")).want(t, "a new file", http.StatusCreated)
	put("deep/er/file", io.MultiReader(strings.NewReader("new"))).want(t, "below, of unknown size", http.StatusCreated)
	for _, name := range []string{"old", "new", "deep"} {
		if got := put(name, strings.NewReader("evil")).want(t, "replacing "+name, http.StatusConflict); strings.Contains(got.body, "inbox") {
			t.Errorf("the answer tells the directory: %s", got.body)
		}
	}
	put("old", strings.NewReader("evil"), "If-Match", "*").want(t, "replacing by a condition", http.StatusPreconditionFailed)
	for _, name := range []string{"../evil", "%2e%2e/evil", "..%2fevil", "a/../../evil", "/evil", "", "a/", "%00", "a?b", "a?"} {
		if got := put(name, strings.NewReader("evil")); got.status != http.StatusBadRequest {
			t.Errorf("PUT %q: status %d with %q", name, got.status, got.body)
		}
	}
	exact, more := string(filetest.Random(2000000)), string(filetest.Random(2000001))
	put("exact", strings.NewReader(exact)).want(t, "the largest file", http.StatusCreated)
	put("more", strings.NewReader(more)).want(t, "a file that is too large", http.StatusRequestEntityTooLarge)
	if got := put("more", io.MultiReader(strings.NewReader(more))).want(t, "one of unknown size", http.StatusRequestEntityTooLarge); got.header.Get("Tranship-Error") != "limit" {
		t.Errorf("%v %s", got.header, got.body)
	}
	for _, path := range []string{"", "old", "new", "none"} {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodDelete, "MOVE"} {
			if path == "" && (method == http.MethodGet || method == http.MethodHead) {
				continue // describes the link
			}
			s.at("", method, link.URL+path, nil).want(t, method+" "+path, http.StatusMethodNotAllowed)
		}
	}
	var paths []string
	for entry, err := range s.store.List(t.Context(), tranship.ListOptions{Recursive: true}) {
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, entry.Path)
	}
	if got := strings.Join(paths, " "); got != "inbox/deep/er/file inbox/exact inbox/new inbox/old" {
		t.Errorf("the store has %s", got)
	}
	for upload, err := range s.store.ListUploads(t.Context(), "") {
		t.Errorf("the upload %+v remains, %v", upload, err)
	}
	// Only what was stored counts.
	if list := s.at("ann", http.MethodGet, "/share/", nil); !strings.Contains(list.body, `"uses":3`) {
		t.Errorf("ann has %s", list.body)
	}
}

// TestLinkUses checks that a link is used no more often than it may be, at the same time as well.
func TestLinkUses(t *testing.T) {
	s := newLinkSite(t, newMem(), server.Config{})
	s.stored("a/f", "content")
	parallel := func(use func(i int) int) (done int) {
		var all sync.WaitGroup
		var count atomic.Int64
		for i := range 20 {
			all.Go(func() {
				switch status := use(i); status {
				case http.StatusOK, http.StatusCreated:
					count.Add(1)
				case http.StatusNotFound:
				default:
					t.Errorf("status %d", status)
				}
			})
		}
		all.Wait()
		return int(count.Load())
	}
	link := s.share("ann", `{"path":"a/f","max_uses":5}`)
	if done := parallel(func(int) int { return s.at("", http.MethodGet, link.URL, nil).status }); done != 5 {
		t.Errorf("%d downloads, want 5", done)
	}
	// A client that has begun a download ends it, but does not begin another.
	if got := s.at("", http.MethodGet, link.URL, nil, "Range", "bytes=3-").want(t, "the rest", http.StatusPartialContent); got.body != "tent" {
		t.Errorf("%q", got.body)
	}
	s.at("", http.MethodGet, link.URL, nil, "Range", "bytes=0-").want(t, "all again", http.StatusNotFound)

	// A range counts unless the client has begun before.
	link = s.share("ann", `{"path":"a/f","max_uses":1}`)
	s.at("", http.MethodHead, link.URL, nil).want(t, "HEAD", http.StatusOK)
	s.at("", http.MethodGet, link.URL, nil, "Range", "bytes=1-").want(t, "a range", http.StatusPartialContent)
	s.at("", http.MethodGet, link.URL, nil).want(t, "another use", http.StatusNotFound)

	drop := s.share("ann", `{"path":"in/","upload":true,"max_uses":3}`)
	s.at("", http.MethodPut, drop.URL+"f", strings.NewReader("x"), "Content-Digest", "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:").want(t, "a damaged file", http.StatusUnprocessableEntity)
	if done := parallel(func(i int) int {
		return s.at("", http.MethodPut, fmt.Sprintf("%sf%d", drop.URL, i), strings.NewReader("x")).status
	}); done != 3 {
		t.Errorf("%d uploads, want 3", done)
	}

	dir := s.share("ann", `{"path":"a/","max_uses":1}`)
	s.at("", http.MethodGet, dir.URL, nil).want(t, "the list", http.StatusOK)
	s.at("", http.MethodGet, dir.URL+"f", nil).want(t, "the file", http.StatusOK)
	s.at("", http.MethodGet, dir.URL, nil).want(t, "the list of a used link", http.StatusNotFound)
}

// TestLinkExpires checks that an expired link is gone, also from the list.
func TestLinkExpires(t *testing.T) {
	s := newLinkSite(t, newMem(), server.Config{})
	s.stored("f", "x")
	link := s.share("ann", `{"path":"f","expires":"1s"}`)
	eventually(t, func() error {
		if got := s.at("", http.MethodGet, link.URL, nil); got.status != http.StatusNotFound {
			return fmt.Errorf("status %d", got.status)
		}
		return nil
	})
	if time.Now().Before(link.Expires) {
		t.Error("the link has ended too early")
	}
	s.gone("expired", link.URL)
	if list := s.at("ann", http.MethodGet, "/share/", nil); list.body != "" {
		t.Errorf("ann has %s", list.body)
	}
}

// TestLinkIssuer checks that a link ends with its issuer and with the issuer's rights.
func TestLinkIssuer(t *testing.T) {
	s := newLinkSite(t, newMem(), server.Config{})
	s.stored("docs/f", "x")
	s.rules.set(t, "allow group:staff read,list,create,share docs\n")
	read, drop := s.share("ann", `{"path":"docs/f"}`), s.share("ann", `{"path":"docs/","upload":true}`)
	n := 0
	works := func(when string) {
		t.Helper()
		n++
		s.at("", http.MethodGet, read.URL, nil).want(t, when, http.StatusOK)
		s.at("", http.MethodPut, fmt.Sprintf("%sn%d", drop.URL, n), nil).want(t, when, http.StatusCreated)
	}
	works("at first")
	for why, change := range map[string][2]func(){
		"the group":  {func() { s.registry.set("ann", []string{}) }, func() { s.registry.set("ann", []string{"staff"}) }},
		"the issuer": {func() { s.registry.set("ann", nil) }, func() { s.registry.set("ann", []string{"staff", "more"}) }},
		"the right to share": {
			func() { s.rules.set(t, "allow group:staff read,list,create docs\n") },
			func() { s.rules.set(t, everythingForAll) },
		},
		"the right to the file": {
			func() { s.rules.set(t, "allow * share,list /\n") },
			func() { s.rules.set(t, "allow ann read,create,share docs\n") },
		},
	} {
		change[0]()
		s.gone("without "+why, read.URL)
		s.gone("without "+why, drop.URL+"x")
		change[1]()
		works("with " + why + " again")
		s.rules.set(t, "allow group:staff read,list,create,share docs\n")
	}
	// What the issuer was not when the link was made, it is not for the link.
	s.rules.set(t, "allow group:more read,share docs\n")
	s.registry.set("ann", []string{"staff", "more"})
	s.gone("by another group", read.URL)
}

// TestLinkRefused checks who may make which links.
func TestLinkRefused(t *testing.T) {
	s := newLinkSite(t, newMem(), server.Config{Links: server.Links{PerPrincipal: 2, Lifetime: time.Hour}, Anonymous: server.AnonymousWrite, HTTPURL: "https://files.example.com"})
	s.stored("docs/f", "x")
	s.rules.set(t, "allow * read,list,create,share docs\nallow anonymous read,list,create docs\nallow bob read,list /\n")
	for _, test := range []struct {
		as, body string
		status   int
	}{
		{"", `{"path":"docs/f"}`, http.StatusForbidden},
		{"eve", `{"path":"docs/f"}`, http.StatusUnauthorized},
		{"bob", `{"path":"other"}`, http.StatusForbidden},
		{"ann", `{"path":"docs/none"}`, http.StatusNotFound},
		{"ann", `{"path":"docs/none/"}`, http.StatusNotFound},
		{"ann", `{"path":"docs"}`, http.StatusNotFound},
		{"ann", `{"path":"/"}`, http.StatusBadRequest},
		{"ann", `{"path":""}`, http.StatusBadRequest},
		{"ann", `{"path":"docs/../docs/f"}`, http.StatusBadRequest},
		{"ann", `{"path":"docs/f","upload":true}`, http.StatusBadRequest},
		{"ann", `{"path":"docs/f","max_size":1}`, http.StatusBadRequest},
		{"ann", `{"path":"docs/f","max_uses":-1}`, http.StatusBadRequest},
		{"ann", `{"path":"docs/f","expires":"-1h"}`, http.StatusBadRequest},
		{"ann", `{"path":"docs/f","expires":"0d"}`, http.StatusBadRequest},
		{"ann", `{"path":"docs/f","expires":"367d"}`, http.StatusBadRequest},
		{"ann", `{"path":"docs/f","expires":"9000h"}`, http.StatusBadRequest},
		{"ann", `{"path":"docs/f","expires":"soon"}`, http.StatusBadRequest},
		{"ann", `{"path":"docs/f","more":1}`, http.StatusBadRequest},
		{"ann", `{"path":"docs/f"} {}`, http.StatusBadRequest},
		{"ann", `{"path":"` + strings.Repeat("x", 20000) + `"}`, http.StatusRequestEntityTooLarge},
		{"oidc-eve", `{"path":"docs/f","expires":"2h"}`, http.StatusBadRequest},
	} {
		got := s.at(test.as, http.MethodPost, "/share/", strings.NewReader(test.body), "Content-Type", "application/json")
		if got.status != test.status {
			t.Errorf("%s %s: status %d with %q, want %d", test.as, test.body, got.status, got.body, test.status)
		}
	}
	s.at("ann", http.MethodPost, "/share/", strings.NewReader(`{"path":"docs/f"}`), "Content-Type", "text/plain").want(t, "a form", http.StatusUnsupportedMediaType)
	s.at("ann", http.MethodPut, "/share/", nil).want(t, "PUT", http.StatusMethodNotAllowed)
	s.at("", http.MethodGet, "/share/", nil).want(t, "the list of an anonymous caller", http.StatusForbidden)
	for _, expires := range []string{"12h", "2d"} {
		got := s.at("ann", http.MethodPost, "/share", strings.NewReader(`{"path":"docs/f","expires":"`+expires+`"}`), "Content-Type", "application/json").want(t, "a link", http.StatusCreated)
		if !strings.Contains(got.body, `"url":"https://files.example.com/s/`) {
			t.Errorf("%s", got.body)
		}
	}
	got := s.at("ann", http.MethodPost, "/share/", strings.NewReader(`{"path":"docs/f"}`), "Content-Type", "application/json").want(t, "one too many", http.StatusInsufficientStorage)
	if !strings.Contains(got.body, "ann has 2 links") {
		t.Errorf("%s", got.body)
	}
}

// TestLinkServers uses a link at another server of the store than the one that has made it.
func TestLinkServers(t *testing.T) {
	store := newMem()
	first, second := newLinkSite(t, store, server.Config{}), newLinkSite(t, store, server.Config{})
	first.stored("f", "x")
	link := first.share("ann", `{"path":"f","max_uses":7}`)
	sites, done := []linkSite{first, second}, atomic.Int64{}
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if sites[i%2].at("", http.MethodGet, link.URL, nil).status == http.StatusOK {
				done.Add(1)
			}
		})
	}
	all.Wait()
	if done.Load() != 7 {
		t.Errorf("%d downloads at both servers, want 7", done.Load())
	}
	second.at("ann", http.MethodDelete, "/share/"+link.ID, nil).want(t, "DELETE at the other server", http.StatusNoContent)
	first.gone("revoked at the other server", link.URL)
}

// TestLinkRevokedInUse checks that a download under way ends when its link is revoked, but not when
// it expires.
func TestLinkRevokedInUse(t *testing.T) {
	s := newLinkSite(t, newMem(), server.Config{})
	content := filetest.Random(32 << 20) // more than the buffers of a connection take
	s.at("ann", http.MethodPut, "/files/f", bytes.NewReader(content)).want(t, "PUT", http.StatusCreated)
	begin := func(link sharedLink) *http.Response {
		t.Helper()
		request, err := http.NewRequestWithContext(testContext(t), http.MethodGet, "http://"+s.address+link.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := s.client.Do(request)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%+v, %v", response, err)
		}
		t.Cleanup(func() { response.Body.Close() })
		return response
	}
	link := s.share("ann", `{"path":"f"}`)
	under := begin(link)
	s.at("ann", http.MethodDelete, "/share/"+link.ID, nil).want(t, "DELETE", http.StatusNoContent)
	eventually(t, func() error {
		if !strings.Contains(s.logged.String(), "there is no such link") {
			return fmt.Errorf("the download goes on")
		}
		return nil
	})
	if n, err := io.Copy(io.Discard, under.Body); err == nil {
		t.Errorf("%d bytes came, and all is well", n)
	}
	link = s.share("ann", `{"path":"f","expires":"1s"}`)
	under = begin(link)
	eventually(t, func() error {
		if time.Now().Before(link.Expires.Add(100 * time.Millisecond)) {
			return fmt.Errorf("the link has not expired")
		}
		return nil
	})
	if n, err := io.Copy(io.Discard, under.Body); err != nil || n != int64(len(content)) {
		t.Errorf("%d bytes of a link that has expired meanwhile: %v", n, err)
	}
}
