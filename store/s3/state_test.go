package s3_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/store/s3"
	"github.com/tranship/tranship/store/storetest"
)

// TestStateStore runs the tests on the best engine and on one that lacks all that the store can
// do without.
func TestStateStore(t *testing.T) {
	for name, engine := range map[string]fakes3.Options{
		"best":     {},
		"degraded": {NoConditionalComplete: true, NoConditionalDelete: true, NoChecksum: true, Unquoted: true},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.TestStateStore(t, func(t *testing.T, n int) []tranship.StateStore {
				endpoint := fakes3.New(engine).Start(t)
				var all []tranship.StateStore
				for range n {
					all = append(all, open(t, endpoint, s3.Options{Prefix: "team"}))
				}
				return all
			})
		})
	}
}

// swapState swaps a value, and returns its entry.
func swapState(t *testing.T, store *s3.Store, entry tranship.StateEntry) tranship.StateEntry {
	t.Helper()
	version, err := store.SwapState(t.Context(), entry)
	if err != nil {
		t.Fatalf("SwapState of %s: %v", entry.Key, err)
	}
	entry.Version = version
	return entry
}

// TestStateLostReply loses the replies of changes, which have succeeded nevertheless.
func TestStateLostReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := fakes3.New(fakes3.Options{})
		one, two := near(t, engine, s3.Options{}), near(t, engine, s3.Options{})
		lost := fakes3.Fault{Operation: "PutObject", Key: own + "state", Times: 1, Done: true}
		engine.Inject(lost)
		entry := swapState(t, one, tranship.StateEntry{Key: "use/key", Value: []byte("first")})
		engine.Inject(lost)
		entry.Value = []byte("second")
		entry = swapState(t, one, entry)
		if got, err := two.GetState(t.Context(), "use/key"); err != nil || got.Version != entry.Version || string(got.Value) != "second" {
			t.Fatalf("GetState: %+v, %v, want %+v", got, err, entry)
		}
		engine.Inject(lost)
		if err := one.RemoveState(t.Context(), "use/key", entry.Version); err != nil {
			t.Fatalf("RemoveState: %v", err)
		}
		if objects, _ := engine.Keys(own + "state"); objects != 0 {
			t.Errorf("%d objects are left", objects)
		}
	})
}

// TestStateLostInRace loses the reply of a change which another server builds on at once. The
// store must not say that it has changed nothing.
func TestStateLostInRace(t *testing.T) {
	changes := map[string]func(t *testing.T, store *s3.Store, entry tranship.StateEntry) error{
		"swap": func(t *testing.T, store *s3.Store, entry tranship.StateEntry) error {
			_, err := store.SwapState(t.Context(), entry)
			return err
		},
		"remove": func(t *testing.T, store *s3.Store, entry tranship.StateEntry) error {
			return store.RemoveState(t.Context(), entry.Key, entry.Version)
		},
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				engine := fakes3.New(fakes3.Options{})
				one, two := near(t, engine, s3.Options{}), near(t, engine, s3.Options{})
				entry := swapState(t, one, tranship.StateEntry{Key: "use/key", Value: []byte("1")})
				// The engine makes the change, and answers that it has failed. Before the
				// store repeats the request, another server makes the next change.
				engine.Inject(fakes3.Fault{Operation: "PutObject", Key: own + "state", Times: 1, Done: true, Status: http.StatusInternalServerError, Code: "InternalError"})
				engine.Inject(fakes3.Fault{Operation: "PutObject", Key: own + "state", Times: 1, Before: func() {
					current, err := two.GetState(t.Context(), "use/key")
					if errors.Is(err, tranship.ErrNotFound) {
						current, err = tranship.StateEntry{Key: "use/key"}, nil
					}
					if err != nil {
						t.Error(err)
					}
					current.Value = append(current.Value, '2')
					if _, err := two.SwapState(t.Context(), current); err != nil {
						t.Error(err)
					}
				}})
				if err := change(t, one, entry); !errors.Is(err, tranship.ErrUnavailable) {
					t.Errorf("a change that may be made: %v, want ErrUnavailable", err)
				}
			})
		})
	}
}

// TestStateSweep removes the objects of values that have expired, and no others.
func TestStateSweep(t *testing.T) {
	for _, degraded := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			engine := fakes3.New(fakes3.Options{NoConditionalDelete: degraded})
			store := near(t, engine, s3.Options{})
			never := swapState(t, store, tranship.StateEntry{Key: "use/never", Value: []byte("value")})
			swapState(t, store, tranship.StateEntry{Key: "use/expires", Expires: time.Now().Add(time.Hour)})
			late := swapState(t, store, tranship.StateEntry{Key: "use/late", Expires: time.Now().Add(1000 * time.Hour)})
			removed := swapState(t, store, tranship.StateEntry{Key: "use/removed"})
			engine.Inject(fakes3.Fault{Operation: "DeleteObject", Key: own + "state", Times: 1, Status: http.StatusForbidden, Code: "AccessDenied"})
			if err := store.RemoveState(t.Context(), removed.Key, removed.Version); err != nil {
				t.Fatal(err)
			}
			engine.Heal()
			if objects, _ := engine.Keys(own + "state"); objects != 4 {
				t.Fatalf("there are %d objects, want 4", objects)
			}
			time.Sleep(30 * time.Hour)
			if objects, _ := engine.Keys(own + "state"); objects != 2 {
				t.Errorf("after 30 hours there are %d objects, want those of 2 values", objects)
			}
			for _, want := range []tranship.StateEntry{never, late} {
				if got, err := store.GetState(t.Context(), want.Key); err != nil || got.Version != want.Version {
					t.Errorf("GetState of %s: %+v, %v", want.Key, got, err)
				}
			}
		})
	}
}
