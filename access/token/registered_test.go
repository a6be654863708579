package token_test

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/access/token"
)

func TestRegistered(t *testing.T) {
	name := filepath.Join(t.TempDir(), "tokens")
	now := time.Now()
	add := func(principal string, groups []string, expires time.Time) {
		t.Helper()
		if _, _, err := token.New(name, token.Entry{Name: principal, Groups: groups}, now, expires); err != nil {
			t.Fatal(err)
		}
	}
	add("ann", []string{"ops"}, time.Time{})
	add("ann", []string{"dev"}, now.Add(time.Hour))
	add("bob", []string{"dev"}, now.Add(time.Minute))
	clock := now
	a, err := token.Open(name, token.Options{Now: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	has := func(principal string, want ...string) {
		t.Helper()
		found, err := a.Registered(t.Context(), principal)
		if err != nil || found.Name != principal || found.Source != token.Source || !slices.Equal(found.Groups, want) {
			t.Errorf("%s: %+v %v, want the groups %v", principal, found, err, want)
		}
	}
	refuses := func(principal string, want error) {
		t.Helper()
		if found, err := a.Registered(t.Context(), principal); !errors.Is(err, want) {
			t.Errorf("%s: %+v %v", principal, found, err)
		}
	}
	has("ann", "dev", "ops")
	has("bob", "dev")
	refuses("eve", tranship.ErrUnauthenticated)
	refuses("", tranship.ErrUnauthenticated)
	refuses("oidc:ann", authn.ErrNotMine)
	clock = now.Add(2 * time.Hour)
	has("ann", "ops")
	refuses("bob", tranship.ErrUnauthenticated)
	if _, err := token.Revoke(name, "ann"); err != nil {
		t.Fatal(err)
	}
	clock = clock.Add(time.Hour)
	refuses("ann", tranship.ErrUnauthenticated)
}
