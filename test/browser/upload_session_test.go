package browser

import (
	"crypto/sha256"
	"fmt"
	"os"
	"testing"
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
	b.wait(`document.querySelector(".sign-in input")`)
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

// repeat evaluates an expression until the promise that it returns is true.
func (b *tab) repeat(expression string) {
	b.t.Helper()
	eval[any](b, `(async () => { while (!(await `+expression+`)) await new Promise((resolve) => setTimeout(resolve, 50)); })().then(() => null)`)
}

// hasSum fails unless the user can read a file with a content.
func (b *tab) hasSum(path, content string) {
	b.t.Helper()
	got := eval[string](b, `fetch(`+quoted("/files/"+escaped(path))+`).then((r) => r.arrayBuffer()).then((data) => crypto.subtle.digest("SHA-256", data)).then((sum) => new Uint8Array(sum).toHex())`)
	if want := fmt.Sprintf("%x", sha256.Sum256([]byte(content))); got != want {
		b.t.Errorf("%q has the sum %s, want %s", path, got, want)
	}
}
