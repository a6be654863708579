package browser

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestOtherSites checks that pages of other sites can do nothing with a session, which ends with its
// token.
func TestOtherSites(t *testing.T) {
	const signedIn = `document.querySelector(".principal")?.textContent === "ann"`
	tokens, secret := token(t)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<title>another site</title>"))
	}))
	t.Cleanup(other.Close)
	s := serve(t, "--tokens", tokens)
	b := s.open(t, "", look{})
	b.signIn(secret)
	b.wait(signedIn)
	b.rows()
	if cookie := eval[string](b, "document.cookie"); cookie != "" {
		t.Errorf("a script can read the cookie %q", cookie)
	}
	if status := eval[int](b, `fetch("/files/a", {method: "PUT", body: "x"}).then((r) => r.status)`); status != http.StatusCreated {
		t.Errorf("PUT by the page: %d", status)
	}

	// The cookie does not belong to a port: a page of this host, and one of another, may try.
	for _, site := range []string{other.URL, strings.Replace(other.URL, "127.0.0.1", "localhost", 1)} {
		b.run(chromedp.Navigate(site))
		b.wait(`document.title === "another site"`)
		target := quoted("http://" + s.address + "/session")
		for path, body := range map[string]string{"/session": `{"token":"x"}`, "/share/": `{"path":"a"}`} {
			eval[any](b, `fetch(`+quoted("http://"+s.address+path)+`, {method: "POST", mode: "no-cors", credentials: "include", body: `+quoted(body)+`}).then(() => null, () => null)`)
		}
		if read := eval[bool](b, `fetch(`+target+`, {credentials: "include"}).then(() => true, () => false)`); read {
			t.Errorf("%s can read who the user is", site)
		}
		b.run(chromedp.Navigate("http://" + s.address + "/"))
		b.wait(signedIn)
		if links := eval[string](b, `fetch("/share/").then((r) => r.text())`); links != "" {
			t.Errorf("%s has made a link: %s", site, links)
		}
	}
	if status := eval[int](b, `fetch("/share/", {method: "POST", headers: {"Content-Type": "application/json"}, body: '{"path":"a"}'}).then((r) => r.status)`); status != http.StatusCreated {
		t.Errorf("the page itself cannot make a link: %d", status)
	}

	if err := os.WriteFile(tokens, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	eval[any](b, `(async () => { while ((await fetch("/session")).status !== 401); return null })()`)
	b.run(chromedp.Navigate("http://" + s.address + "/#/a/"))
	b.wait(`document.querySelector("input[type=password]")`)
}
