package browser

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// tusEnded is what the application knows of an upload of tus-js-client.
type tusEnded struct {
	Error, Word      string
	Status, Previous int
}

// ended waits until an upload of tus-js-client has ended.
func (b *tab) ended() tusEnded {
	b.t.Helper()
	b.wait("app.seen.ended")
	return eval[tusEnded](b, "app.seen")
}

// TestTusClientReload closes the page in the middle of an upload of tus-js-client: the next page finds
// the upload by the fingerprint of the file, and goes on.
func TestTusClientReload(t *testing.T) {
	a := newApplication(t)
	s, g := a.start(t, 9*mebibyte)
	b := a.open(t)
	content := random(6, 14*mebibyte)
	path := file(t, "large.bin", content)
	begin := "await app.makeTus(" + a.settings("path: 'd/large.bin'") + "); app.tus.start()"
	b.choose("input", path)
	b.do(begin)
	g.wait(t, 9*mebibyte)
	b.run(chromedp.Navigate("about:blank"), chromedp.Navigate(a.origin))
	b.wait("globalThis.app")
	g.open(all)
	b.choose("input", path)
	b.do(begin)
	if ended := b.ended(); ended.Error != "" || ended.Previous != 1 {
		t.Fatalf("the upload has ended with %+v", ended)
	}
	s.has("d/large.bin", content)
	if passed := g.wait(t, 0); passed > 22*mebibyte {
		t.Errorf("%d bytes were sent for 14 MiB", passed)
	}
	if left := eval[int](b, "localStorage.length"); left != 0 {
		t.Errorf("the browser keeps %d entries of uploads that have ended", left)
	}
}

// TestTusClientAbort ends an upload of tus-js-client in its middle: the server keeps nothing of it.
func TestTusClientAbort(t *testing.T) {
	a := newApplication(t)
	s, g := a.start(t, 5*mebibyte)
	b := a.open(t)
	b.choose("input", file(t, "large.bin", random(7, 12*mebibyte)))
	b.do("await app.makeTus(" + a.settings("path: 'd/large.bin'") + "); app.tus.start()")
	g.wait(t, 5*mebibyte)
	url := eval[string](b, "app.tus.url")
	b.do("await app.tus.abort(true)")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodHead, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Tus-Resumable", "1.0.0")
	request.Header.Set("Authorization", "Bearer "+a.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusNotFound && response.StatusCode != http.StatusGone {
		t.Errorf("the upload that was ended has %s", response.Status)
	}
	if _, status := s.read("d/large.bin"); status != http.StatusNotFound {
		t.Errorf("an upload that was ended has left a file: %d", status)
	}
}

// TestTusClientParallel asks for parts of a file at once, which the server refuses: the application
// learns why.
func TestTusClientParallel(t *testing.T) {
	a := newApplication(t)
	a.start(t, all)
	b := a.open(t)
	b.choose("input", file(t, "large.bin", random(8, 5*mebibyte)))
	b.do("await app.makeTus(" + a.settings("path: 'd/large.bin', parallelUploads: 2") + "); app.tus.start()")
	if ended := b.ended(); ended.Status != http.StatusBadRequest || ended.Word != "invalid" || !strings.Contains(ended.Error, "not put together") {
		t.Errorf("the upload has ended with %+v", ended)
	}
}

// TestTusClientOrigin uploads from a page of an origin that the server does not list: nothing comes of
// it, even with a token.
func TestTusClientOrigin(t *testing.T) {
	a, listed := newApplication(t), newApplication(t)
	s, _ := listed.start(t, all)
	a.token, a.endpoint = listed.token, listed.endpoint
	b := a.open(t)
	b.choose("input", file(t, "a.bin", "content"))
	b.do("await app.makeTus(" + a.settings("path: 'a.bin', retryDelays: null") + "); app.tus.start()")
	if ended := b.ended(); ended.Error == "" || ended.Status != 0 || ended.Word != "" {
		t.Errorf("the upload has ended with %+v", ended)
	}
	if read := eval[bool](b, "fetch("+quoted(strings.TrimSuffix(a.endpoint, "uploads/")+"files/")+", {headers: {Authorization: "+quoted("Bearer "+a.token)+"}}).then(() => true, () => false)"); read {
		t.Error("the page can read the list")
	}
	if _, status := s.read("a.bin"); status != http.StatusNotFound {
		t.Errorf("the file has status %d", status)
	}
}
