package browser

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/tranship/tranship/internal/testing/oidcissuer"
)

// TestSessionEnds removes the token of a user in the middle of an upload. The page asks the user to
// sign in again, and the upload goes on where it was.
func TestSessionEnds(t *testing.T) {
	tokens, secret := token(t)
	s := serve(t, "--tokens", tokens)
	g := newGate(t, s, 5*mebibyte)
	b := s.through(g).open(t, "#/d/", look{})
	b.signIn(secret)
	b.waitText("ann")
	content := random(4, 14*mebibyte)
	b.choose("#files", file(t, "large.bin", content))
	g.wait(t, 5*mebibyte)
	valid, err := os.ReadFile(tokens)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(tokens, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b.repeat(`fetch("/files/").then((r) => r.status === 401)`)
	g.open(all)
	b.waitText("Your session has ended.")
	b.state("ended")
	if err := os.WriteFile(tokens, valid, 0o600); err != nil {
		t.Fatal(err)
	}
	b.repeat(`fetch("/session", {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({token: ` + quoted(secret) + `})}).then((r) => r.status === 204)`)
	b.signIn(secret)
	b.idle()
	b.waitText("1 of 1 uploaded")
	b.hasSum("d/large.bin", content)
	if passed := g.wait(t, 0); passed > 19*mebibyte {
		t.Errorf("%d bytes were sent for 14 MiB", passed)
	}
}

// TestSessionEndsAtIssuer loses the session of an issuer in the middle of an upload. The user signs in
// on another page, because to leave the page would be to lose the file, and the upload goes on.
func TestSessionEndsAtIssuer(t *testing.T) {
	s := serve(t)
	g := newGate(t, s, 5*mebibyte)
	s.signInAt(oidcissuer.New(t), g.Listener.Addr().String())
	b := s.through(g).localhost().open(t, "#/d/", look{})
	b.press("Sign in with your organization")
	b.waitText("oidc:alice")
	content := random(6, 14*mebibyte)
	b.choose("#files", file(t, "large.bin", content))
	g.wait(t, 5*mebibyte)
	b.run(command(network.ClearBrowserCookies, cdp.Empty{}))
	g.open(all)
	b.waitText("Your session has ended.")
	b.state("ended")
	b.press("Sign in with your organization")
	b.idle()
	b.waitText("1 of 1 uploaded")
	b.hasSum("d/large.bin", content)
	if passed := g.wait(t, 0); passed > 19*mebibyte {
		t.Errorf("%d bytes were sent for 14 MiB", passed)
	}
}

// TestAnotherUser loses the session of a user in the middle of an upload. It does not go on when
// another user signs in.
func TestAnotherUser(t *testing.T) {
	tokens, ann := token(t)
	output, err := exec.Command(tested.program, "token", "new", "--name", "bob", "--file", tokens).Output()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	s := serve(t, "--tokens", tokens)
	g := newGate(t, s, 5*mebibyte)
	b := s.through(g).open(t, "", look{})
	b.signIn(ann)
	b.waitText("ann")
	b.choose("#files", file(t, "large.bin", random(7, 14*mebibyte)))
	g.wait(t, 5*mebibyte)
	b.run(command(network.ClearBrowserCookies, cdp.Empty{}))
	g.open(all)
	b.waitText("Your session has ended.")
	b.signIn(strings.TrimSpace(string(output)))
	b.waitText("bob")
	b.choose("#files", file(t, "small", "x"))
	b.waitText("1 of 1 uploaded")
	if text := b.text(); strings.Contains(text, "large.bin") {
		t.Errorf("bob sees the upload of ann: %s", text)
	}
	if status := eval[int](b, `fetch("/files/large.bin").then((r) => r.status)`); status != 404 {
		t.Errorf("the file has status %d", status)
	}
}

// hasSum fails unless the user can read a file with a content.
func (b *tab) hasSum(path, content string) {
	b.t.Helper()
	got := eval[string](b, `fetch(`+quoted("/files/"+escaped(path))+`).then((r) => r.arrayBuffer()).then((data) => crypto.subtle.digest("SHA-256", data)).then((sum) => new Uint8Array(sum).toHex())`)
	if want := fmt.Sprintf("%x", sha256.Sum256([]byte(content))); got != want {
		b.t.Errorf("%q has the sum %s, want %s", path, got, want)
	}
}
