package signin

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
)

// clock is a time that tests set.
type clock struct{ time time.Time }

func (c *clock) now() time.Time { return c.time }

// TestRotation checks that a new key seals every day, and that an old one opens for as long as a
// session lasts, on every server.
func TestRotation(t *testing.T) {
	state := &mem.Store{}
	when := &clock{time.Now()}
	one, two := newKeyring(state, when.now), newKeyring(state, when.now)
	first, err := one.seal(t.Context(), "a", []byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	opens := func(k *keyring, sealed []byte, purpose string, want error) {
		t.Helper()
		if text, err := k.open(t.Context(), purpose, sealed); !errors.Is(err, want) || want == nil && string(text) != "text" {
			t.Errorf("%q, %v; want %v", text, err, want)
		}
	}
	when.time = when.time.Add(2 * time.Second)
	opens(two, first, "a", nil)
	opens(two, first, "b", errSealed)
	same, err := two.seal(t.Context(), "a", []byte("text"))
	if err != nil || !bytes.Equal(same[:idBytes], first[:idBytes]) || bytes.Equal(same, first) {
		t.Errorf("the second server has sealed with another key, or twice the same, %v", err)
	}
	when.time = when.time.Add(keyLife)
	second, err := two.seal(t.Context(), "a", []byte("text"))
	if err != nil || bytes.Equal(second[:idBytes], first[:idBytes]) {
		t.Errorf("the key was not replaced, %v", err)
	}
	opens(one, second, "a", nil)
	opens(one, first, "a", nil)
	when.time = when.time.Add(MaxSession + 2*time.Hour)
	opens(one, first, "a", errSealed)
	if _, err := one.seal(t.Context(), "a", nil); err != nil {
		t.Fatal(err)
	}
	when.time = when.time.Add(keyLife - MaxSession)
	if _, err := one.seal(t.Context(), "a", nil); err != nil {
		t.Fatal(err)
	}
	if n := len(one.keys.Load().keys); n != 2 {
		t.Errorf("%d keys are kept", n)
	}
}

// TestRaceForKeys checks that servers that begin at the same time agree on a key.
func TestRaceForKeys(t *testing.T) {
	state := &mem.Store{}
	sealed := make(chan []byte)
	const servers = 8
	for range servers {
		go func() {
			text, err := newKeyring(state, time.Now).seal(context.Background(), "a", nil)
			if err != nil {
				t.Error(err)
				text = make([]byte, idBytes)
			}
			sealed <- text
		}()
	}
	ids := map[string]bool{}
	for range servers {
		ids[string((<-sealed)[:idBytes])] = true
	}
	if len(ids) != 1 {
		t.Errorf("there are %d keys", len(ids))
	}
}

// failing is a state that cannot be used.
type failing struct{ tranship.StateStore }

func (failing) GetState(context.Context, string) (tranship.StateEntry, error) {
	return tranship.StateEntry{}, errors.New("secret of the store")
}

// TestStateFailure checks that a state that fails makes sessions unavailable, and does not end them.
func TestStateFailure(t *testing.T) {
	s := newSessions(failing{}, nil, nil, time.Now)
	_, err := s.begin(t.Context(), "token", time.Now().Add(time.Hour))
	if !errors.Is(err, tranship.ErrUnavailable) || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
	value := base64.RawURLEncoding.EncodeToString(make([]byte, 100))
	if _, err := s.Token(t.Context(), withCookie(value)); !errors.Is(err, tranship.ErrUnavailable) {
		t.Error(err)
	}
}

// withCookie returns a request with a session.
func withCookie(value string) *http.Request {
	return &http.Request{Header: http.Header{"Cookie": {sessionCookie + "=" + value}}}
}

// TestMaximum checks that a session ends after its time, whatever its token.
func TestMaximum(t *testing.T) {
	when := &clock{time.Now()}
	s := newSessions(&mem.Store{}, nil, nil, when.now)
	for _, token := range []string{"short", strings.Repeat("long", 2000)} {
		value, err := s.begin(t.Context(), token, when.time.Add(MaxSession))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Token(t.Context(), withCookie(value)); got != token || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		begun := when.time
		when.time = begun.Add(MaxSession)
		if _, err := s.Token(t.Context(), withCookie(value)); !errors.Is(err, tranship.ErrUnauthenticated) {
			t.Error(err)
		}
		when.time = begun
		// What is sealed for another purpose is no session.
		sealed, err := s.seal(t.Context(), flowPurpose, append(head(kindToken, when.time.Add(time.Hour)), token[:5]...))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Token(t.Context(), withCookie(sealed)); !errors.Is(err, tranship.ErrUnauthenticated) {
			t.Error(err)
		}
	}
}

// TestIsLocal checks that no reference leads a browser to another site.
func TestIsLocal(t *testing.T) {
	for _, reference := range []string{"/", "/#/a%20b/", "/files/a?x=y", "/a//b", "/:80"} {
		if !isLocal(reference) {
			t.Errorf("%q is refused", reference)
		}
	}
	for _, reference := range []string{
		"", "a", "//evil.example", `/\evil.example`, `\\evil.example`, "/\t/evil.example", "/\n/evil.example", "https://evil.example", "javascript:x",
		" /", "/%zz", "/a\x7f", "/" + strings.Repeat("a", maxReturnBytes),
	} {
		if isLocal(reference) {
			t.Errorf("%q is allowed", reference)
		}
	}
}

// FuzzSessions checks that no cookie but those of this server is a session.
func FuzzSessions(f *testing.F) {
	s := newSessions(nil, nil, nil, time.Now)
	value, err := s.begin(context.Background(), "token", time.Now().Add(time.Hour))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{value, "", "A", value[:20], value + "AAAA", "é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cookie string) {
		token, err := s.Token(t.Context(), withCookie(cookie))
		switch {
		case err != nil && !errors.Is(err, tranship.ErrUnauthenticated):
			t.Error(err)
		case token != "" && (token != "token" || !strings.Contains(cookie, value)):
			t.Errorf("%q is a session", cookie)
		}
	})
}
