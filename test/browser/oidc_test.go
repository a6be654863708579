package browser

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tranship/tranship/internal/testing/oidcissuer"
)

// signInAt restarts a server: users sign in at an issuer, and are led back to an address, where the
// pages of the server are. The issuer and the server are two hosts to the browser.
func (s *server) signInAt(i *oidcissuer.Issuer, address string) {
	s.t.Helper()
	secret := filepath.Join(s.t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("hidden\n"), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.stop()
	s.flags = []string{
		"--http-url", "http://" + localhost(address), "--oidc-issuer", i.URL, "--oidc-audience", "tranship",
		"--oidc-client-id", "tranship", "--oidc-client-secret-file", secret,
	}
	s.start()
}

// localhost returns an address with the name that the issuer knows.
func localhost(address string) string {
	_, port, _ := strings.Cut(address, ":")
	return "localhost:" + port
}

// localhost returns a server whose pages are opened at that name.
func (s *server) localhost() *server {
	return &server{t: s.t, address: localhost(s.address)}
}

// TestIssuer signs in at an issuer, comes back to the folder where it was, and signs out.
func TestIssuer(t *testing.T) {
	i := oidcissuer.New(t)
	s := serve(t)
	s.signInAt(i, s.address)
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
	s := serve(t)
	s.signInAt(i, s.address)
	b := s.localhost().open(t, "", look{})
	b.press("Sign in with your organization")
	b.waitPlain("the issuer did not sign the user in: access_denied: alice <b>may</b> not")
	b.screenshot("refused")
}
