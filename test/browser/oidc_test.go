package browser

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tranship/tranship/internal/testing/oidcissuer"
)

// serveSignIn starts a server where users sign in at an issuer. The issuer and the server are two
// hosts to the browser.
func serveSignIn(t *testing.T, i *oidcissuer.Issuer, flags ...string) *server {
	t.Helper()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("hidden\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t)
	s.stop() // its address, which is in the flags, stays
	_, port, _ := strings.Cut(s.address, ":")
	s.flags = append([]string{
		"--http-url", "http://localhost:" + port, "--oidc-issuer", i.URL, "--oidc-audience", "tranship",
		"--oidc-client-id", "tranship", "--oidc-client-secret-file", secret,
	}, flags...)
	s.start()
	return s
}

// localhost returns a server whose pages are opened at the name that the issuer knows.
func (s *server) localhost() *server {
	_, port, _ := strings.Cut(s.address, ":")
	return &server{t: s.t, address: "localhost:" + port}
}

// TestIssuer signs in at an issuer, comes back to the folder where it was, and signs out.
func TestIssuer(t *testing.T) {
	i := oidcissuer.New(t)
	s := serveSignIn(t, i)
	b := s.localhost().open(t, "#/100%25%20%C3%BC/%23%20%3F/", look{})
	b.wait(button("Sign in with your organization"))
	b.state("sign-in")
	b.press("Sign in with your organization")
	b.waitText("oidc:alice")
	b.waitText("as soon as a file is in it")
	if hash := eval[string](b, "decodeURIComponent(location.hash)"); hash != "#/100% ü/# ?/" {
		t.Errorf("the user is back at %q", hash)
	}
	if heading := eval[string](b, `document.querySelector("h1").textContent`); heading != "# ?" {
		t.Errorf("the page shows %q", heading)
	}
	b.choose("#files", file(t, "a.txt", "a"))
	b.waitText("1 of 1 uploaded")
	b.wait(`document.querySelector(".files tbody a")?.textContent === "a.txt"`)
	b.state("signed-in")
	b.press("Sign out")
	b.wait(button("Sign in with your organization"))
	if status := eval[int](b, `fetch("/files/").then((r) => r.status)`); status != 401 {
		t.Errorf("after the sign-out, the list has status %d", status)
	}
}

// TestIssuerRefuses shows what the issuer says when it signs the user not in.
func TestIssuerRefuses(t *testing.T) {
	i := oidcissuer.New(t)
	i.Set(func() {
		i.Query = func(query url.Values) {
			query.Del("code")
			query.Set("error", "access_denied")
			query.Set("error_description", "alice <b>may</b> not")
		}
	})
	b := serveSignIn(t, i).localhost().open(t, "", look{})
	b.press("Sign in with your organization")
	b.waitPlain("the issuer did not sign the user in: access_denied: alice <b>may</b> not")
	b.screenshot("refused")
}
