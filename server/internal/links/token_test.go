package links

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
)

func TestToken(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		id, secret := newToken("ann")
		if !strings.HasPrefix(id, ownerPrefix("ann")) || strings.HasPrefix(id, ownerPrefix("bob")) || !isID(id) || seen[id] || seen[secret] {
			t.Fatalf("the token %s %s", id, secret)
		}
		seen[id], seen[secret] = true, true
		if gotID, gotSecret, ok := parseToken(id + secret); !ok || gotID != id || gotSecret != secret {
			t.Errorf("%s %s is parsed as %s %s %v", id, secret, gotID, gotSecret, ok)
		}
		if err := tranship.ValidateStateKey(keyPrefix + id); err != nil {
			t.Error(err)
		}
		for _, bad := range []string{"", id, secret, id + secret[1:], id + secret + "a", strings.ToUpper(id + secret), id + secret[:31] + "1", id + secret[:31] + "/", id[1:] + "é" + secret[1:]} {
			if _, _, ok := parseToken(bad); ok {
				t.Errorf("%q is parsed", bad)
			}
		}
	}
}

// FuzzToken checks that whatever a request names, its token is one that newToken can make or none,
// and its path is below the link or invalid.
func FuzzToken(f *testing.F) {
	id, secret := newToken("ann")
	for _, path := range []string{"", "/", "/a/b", "/../b", "/%2e%2e%2fb", "//", "/%", "/%00", "%2fa"} {
		f.Add("/s/" + id + secret + path)
	}
	f.Add("/s/")
	f.Add("/s")
	link := &access.Link{Path: "a/b", Directory: true, Action: access.Read}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := url.ParseRequestURI(text)
		if err != nil {
			return
		}
		to, err := targetOf(&http.Request{URL: parsed})
		if err != nil {
			if !errors.Is(err, tranship.ErrNotFound) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if id, secret, ok := parseToken(to.token); ok && (id+secret != to.token || tranship.ValidateStateKey(keyPrefix+id) != nil) {
			t.Errorf("%q is parsed as %q %q", text, id, secret)
		}
		if path, err := pathOf(link, to); err == nil && !link.Permits(access.Read, path) {
			t.Errorf("%q names %q, which is not below the link", text, path)
		}
	})
}
