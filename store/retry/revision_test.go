package retry_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/retry"
)

// TestLostIncrement loses the reply to a change that increments a counter. Its result is
// unknown, and the caller must not mistake it for a change of another caller.
func TestLostIncrement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inside := newFaulty()
		file, err := inside.Store.Put(t.Context(), tranship.Spec{Path: "a"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		store := retry.New(inside, retry.Options{})
		counted := tranship.Attributes{Metadata: map[string]string{"count": "1"}}
		precondition := tranship.Precondition{MustMatchRevision: file.Revision()}
		inside.after = []error{errAway}
		_, err = store.SetAttributes(t.Context(), "a", counted, precondition)
		if !errors.Is(err, tranship.ErrUnavailable) || errors.Is(err, tranship.ErrPrecondition) {
			t.Errorf("a change whose reply was lost is %v", err)
		}
		// If no attempt can have taken effect, the precondition has failed.
		inside.before = []error{errRefused}
		if _, err = store.SetAttributes(t.Context(), "a", counted, precondition); !errors.Is(err, tranship.ErrPrecondition) {
			t.Errorf("a change of an older revision is %v", err)
		}
		// A change whose first attempt was lost before it took effect succeeds.
		now, err := inside.Store.Stat(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		inside.before = []error{errAway}
		counted.Metadata = map[string]string{"count": "2"}
		file, err = store.SetAttributes(t.Context(), "a", counted, tranship.Precondition{MustMatchRevision: now.Revision()})
		if err != nil || file.Metadata["count"] != "2" {
			t.Errorf("a change that was retried is %+v, %v", file, err)
		}
	})
}

// TestLostPinnedTransplant loses the reply to a move and a copy of a given version, which is
// then recognized at the destination. A source of another version is not.
func TestLostPinnedTransplant(t *testing.T) {
	for name, operation := range map[string]func(t *testing.T, store *retry.Store, version string) error{
		"Move": func(t *testing.T, store *retry.Store, version string) error {
			_, err := store.Move(t.Context(), "a", "b", tranship.Precondition{MustMatchSourceVersion: version, MustNotExist: true})
			return err
		},
		"Copy": func(t *testing.T, store *retry.Store, version string) error {
			_, err := store.Copy(t.Context(), "a", "b", tranship.Precondition{MustMatchSourceVersion: version, MustNotExist: true})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				inside := newFaulty()
				file, err := inside.Store.Put(t.Context(), tranship.Spec{Path: "a"}, nil)
				if err != nil {
					t.Fatal(err)
				}
				store := retry.New(inside, retry.Options{})
				if err := operation(t, store, "no-such"); !errors.Is(err, tranship.ErrPrecondition) {
					t.Errorf("%s of another version: %v", name, err)
				}
				if name == "Move" {
					inside.after = []error{nil, errAway} // the first call is a Stat of the source
				} else {
					inside.after = []error{errAway}
				}
				if err := operation(t, store, file.Version); err != nil {
					t.Errorf("%s whose reply was lost: %v", name, err)
				}
				if to, err := inside.Store.Stat(t.Context(), "b"); err != nil || to.Size != file.Size {
					t.Errorf("the destination has %+v, %v", to, err)
				}
			})
		})
	}
}
