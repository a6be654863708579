package browser

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// token makes a file of tokens, and returns its path and the token of ann.
func token(t *testing.T) (path, secret string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "tokens")
	output, err := exec.Command(tested.program, "token", "new", "--name", "ann", "--file", path).Output()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return path, strings.TrimSpace(string(output))
}

// signIn signs in with a token.
func (b *tab) signIn(secret string) {
	b.t.Helper()
	b.wait(`document.querySelector(".sign-in input")`)
	eval[any](b, `(document.querySelector(".sign-in input").value = `+quoted(secret)+`, null)`)
	b.press("Sign in")
}

// TestSignIn signs in with a token, after a wrong one, and out again.
func TestSignIn(t *testing.T) {
	tokens, secret := token(t)
	s := serve(t, "--tokens", tokens)
	b := s.open(t, "#/d/", look{})
	b.wait(`document.querySelector(".sign-in input")`)
	b.state("sign-in")
	b.signIn("wrong")
	b.wait(`document.querySelector(".sign-in .error").textContent !== ""`)
	b.state("wrong")
	b.signIn(secret)
	b.waitText("as soon as a file is in it")
	b.waitText("ann")
	b.choose("#files", file(t, "a.txt", "a"))
	b.waitText("1 of 1 uploaded")
	b.wait(`document.querySelector(".files tbody a")?.textContent === "a.txt"`)
	b.state("signed-in")
	b.press("Sign out")
	b.wait(`document.querySelector(".sign-in input")`)
	if text := b.text(); strings.Contains(text, "a.txt") {
		t.Errorf("the page still has the list: %s", text)
	}
}

// TestShare makes a link to a file, which a caller without credentials reads, and revokes it.
func TestShare(t *testing.T) {
	tokens, secret := token(t)
	rights := filepath.Join(t.TempDir(), "policy")
	if err := os.WriteFile(rights, []byte("allow ann read,write,delete,list,share /\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, "--tokens", tokens, "--policy", rights)
	b := s.open(t, "", look{})
	b.signIn(secret)
	b.waitText("This folder is empty")
	b.choose("#files", file(t, "a?b.txt", "shared"))
	b.waitText("1 of 1 uploaded")
	b.press("Share a?b.txt")
	b.wait(`document.querySelector("dialog select")`)
	b.press("Create link")
	b.wait(`document.querySelector("dialog .made input")`)
	b.state("link")
	link := eval[string](b, `document.querySelector("dialog .made input").value`)
	get := func() (string, int) {
		t.Helper()
		response, err := http.Get(link)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		data, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(data), response.StatusCode
	}
	if content, status := get(); content != "shared" || status != http.StatusOK {
		t.Errorf("%s has %q with status %d", link, content, status)
	}
	eval[any](b, `(document.querySelector("dialog .links button").click(), null)`)
	b.wait(`document.querySelectorAll("dialog .links li").length === 0`)
	if content, status := get(); status != http.StatusNotFound {
		t.Errorf("a link that was removed has %q with status %d", content, status)
	}
}
