package hook_test

import (
	"context"
	"errors"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/hook"
)

// appearing is a store with a file that Stat does not find yet.
type appearing struct{ tranship.Store }

func (a appearing) Unwrap() any { return a.Store }

func (a appearing) Passes(ability any) bool {
	_, ok := ability.(*tranship.StateStore)
	return ok
}

func (a appearing) Stat(context.Context, string) (tranship.File, error) {
	return tranship.File{}, tranship.ErrNotFound
}

// TestAppearingFile checks that a file that appears after the hooks have looked for it is neither
// copied, moved nor removed: they were not asked, and would not be told.
func TestAppearingFile(t *testing.T) {
	inner, c := newStore(), newCarrier()
	put(t, inner, "file", "text")
	h := open(t, inner, hook.Options{Hooks: []hook.Hook{{Name: "all", Kinds: hook.Kinds(), Carrier: c, Timeout: waitTime}}})
	store := h.Store(appearing{inner})
	_, copied := store.Copy(t.Context(), "file", "copy", tranship.Precondition{})
	_, moved := store.Move(t.Context(), "file", "moved", tranship.Precondition{})
	removed := store.Remove(t.Context(), "file", tranship.Precondition{})
	for what, err := range map[string]error{"Copy": copied, "Move": moved, "Remove": removed} {
		if !errors.Is(err, tranship.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := inner.Stat(t.Context(), "file"); err != nil {
		t.Error(err)
	}
	for _, path := range []string{"copy", "moved"} {
		if _, err := inner.Stat(t.Context(), path); !errors.Is(err, tranship.ErrNotFound) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
