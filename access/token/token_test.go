package token_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship/access/token"
)

// fileName returns the name of the token file of a test.
func fileName(t *testing.T) string { return filepath.Join(t.TempDir(), "tokens") }

var start = time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)

// add makes a token that is valid for an hour.
func add(t *testing.T, file, name string, groups ...string) (string, token.Entry) {
	t.Helper()
	made, e, err := token.New(file, token.Entry{Name: name, Groups: groups}, start, start.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return made, e
}

// TestVector checks a fixed token, because later versions must accept existing tokens.
func TestVector(t *testing.T) {
	secret := make([]byte, 32)
	for i := range secret {
		secret[i] = byte(i)
	}
	const want = "tsp_aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypunxlzjy"
	if got := token.Encode(secret); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if err := token.Check(want); err != nil {
		t.Error(err)
	}
}

func TestForm(t *testing.T) {
	form := regexp.MustCompile(`^tsp_[a-z2-7]{58}$`)
	file := fileName(t)
	seen := map[string]bool{}
	for range 20 {
		made, e := add(t, file, "alice")
		if !form.MatchString(made) || token.Check(made) != nil || seen[made] {
			t.Errorf("the token %s", made)
		}
		seen[made] = true
		sum := sha256.Sum256([]byte(made))
		if line := "sha256:" + hex.EncodeToString(sum[:]) + " alice - 2026-01-02T15:04:05Z 2026-01-02T16:04:05Z"; e.String() != line || !strings.HasPrefix(line, "sha256:"+e.ID()) {
			t.Errorf("the line is %q, want %q", e, line)
		}
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for made := range seen {
		if bytes.Contains(content, []byte(made)) || bytes.Contains(content, []byte(made[4:])) {
			t.Error("the file has a token")
		}
	}
}

// TestCheck checks that every mistake in one character is found, and that no error contains
// a part of the token.
func TestCheck(t *testing.T) {
	made, _ := add(t, fileName(t), "alice")
	for i := range made {
		for _, c := range "a7zA=\x00" {
			wrong := made[:i] + string(c) + made[i+1:]
			if wrong == made {
				continue
			}
			err := token.Check(wrong)
			if err == nil || strings.Contains(err.Error(), made[8:20]) {
				t.Errorf("character %d replaced by %q: %v", i, c, err)
			}
		}
	}
	for _, wrong := range []string{"", "tsp_", made + "a", made[:61], strings.ToUpper(made), " " + made, made + "\n", made[4:]} {
		if token.Check(wrong) == nil {
			t.Errorf("%q is accepted", wrong)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("tsp_aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypunxlzjy")
	f.Add("tsp_")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if token.Check(text) == nil && len(text) != 62 {
			t.Errorf("%q is accepted", text)
		}
	})
}
