package hook_test

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/store/hook"
)

// upload uploads a file in parts.
func upload(t *testing.T, store tranship.Store, path, text string) error {
	t.Helper()
	u, err := store.Begin(t.Context(), tranship.Spec{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	part, err := u.Part(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := part.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = u.Commit(t.Context(), tranship.Commit{Size: int64(len(text))})
	if err != nil {
		return errors.Join(err, u.Abort(t.Context()))
	}
	return nil
}

// TestEvents checks that a hook is told of each way to change a file, in order, and that nothing
// stays in the outbox.
func TestEvents(t *testing.T) {
	inner, c := newStore(), newCarrier()
	h := open(t, inner, hook.Options{Hooks: []hook.Hook{{Name: "all", Kinds: events(), Carrier: c}}})
	store := h.Store(inner)
	put(t, store, "a/put", "1")
	if err := upload(t, store, "a/upload", "22"); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Copy(t.Context(), "a/upload", "b/copy", tranship.Precondition{}); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Move(t.Context(), "a/put", "b/move", tranship.Precondition{}); err != nil {
		t.Fatal(err)
	}
	if err := store.Remove(t.Context(), "a/upload", tranship.Precondition{}); err != nil {
		t.Fatal(err)
	}
	for i, result := range tranship.PutBatch(t.Context(), store, []tranship.PutItem{
		{Spec: tranship.Spec{Path: "c/1"}, Data: []byte("333")}, {Spec: tranship.Spec{Path: "c//"}}, {Spec: tranship.Spec{Path: "c/2"}, Data: []byte("4444")},
	}) {
		if (result.Err != nil) != (i == 1) {
			t.Errorf("put %d: %v", i, result.Err)
		}
	}
	if _, err := tranship.RemoveAll(t.Context(), store, "b", tranship.RemoveAllOptions{}); err != nil {
		t.Fatal(err)
	}
	c.waitSome(t, 9)
	got := c.texts()
	slices.Sort(got[7:]) // RemoveAll has no order
	want := []string{
		"after-commit a/put 1", "after-commit a/upload 2", "after-commit b/copy from a/upload 2", "after-move b/move from a/put 1",
		"after-delete a/upload 2", "after-commit c/1 3", "after-commit c/2 4", "after-delete b/copy 2", "after-delete b/move 1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the hook was told of %q, want %q", got, want)
	}
	waitEmpty(t, inner)
	if stats := h.Stats(); stats[0].Delivered != 9 || stats[0].Failed != 0 {
		t.Errorf("stats: %+v", stats)
	}
}

// TestEventFields checks what an event has.
func TestEventFields(t *testing.T) {
	inner, c := newStore(), newCarrier()
	store := open(t, inner, hook.Options{Hooks: []hook.Hook{{Name: "all", Kinds: events(), Carrier: c}}}).Store(inner)
	ctx := access.NewContext(t.Context(), access.Principal{Name: "ann", Link: &access.Link{ID: "l1"}})
	file, err := store.Put(ctx, tranship.Spec{Path: "a"}, []byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	c.wait(t, "after-commit a 4")
	event := c.events[0]
	if event.ID == "" || event.Time.IsZero() || event.Principal != "ann" || event.Link != "l1" || event.Version != file.Version || !event.ModTime.Equal(file.ModTime) ||
		event.CRC32C == nil || *event.CRC32C != tranship.CRC32C([]byte("text")) {
		t.Errorf("%+v of %+v", event, file)
	}
}

// TestEventsOfFailures checks that a change that was refused has no event.
func TestEventsOfFailures(t *testing.T) {
	inner, c := newStore(), newCarrier()
	store := open(t, inner, hook.Options{Hooks: []hook.Hook{{Name: "all", Kinds: events(), Carrier: c}}}).Store(inner)
	put(t, store, "a", "1")
	if _, err := store.Put(t.Context(), tranship.Spec{Path: "a", Precondition: tranship.Precondition{MustNotExist: true}}, []byte("2")); !errors.Is(err, tranship.ErrExists) {
		t.Error(err)
	}
	if err := store.Remove(t.Context(), "b", tranship.Precondition{}); !errors.Is(err, tranship.ErrNotFound) {
		t.Error(err)
	}
	if _, err := store.Move(t.Context(), "b", "c", tranship.Precondition{}); !errors.Is(err, tranship.ErrNotFound) {
		t.Error(err)
	}
	put(t, store, "z", "3")
	c.wait(t, "after-commit a 1", "after-commit z 1")
	waitEmpty(t, inner)
}

// TestPrefix checks which events a hook is told of.
func TestPrefix(t *testing.T) {
	inner, c := newStore(), newCarrier()
	store := open(t, inner, hook.Options{Hooks: []hook.Hook{{Name: "in", Kinds: []hook.Kind{hook.AfterCommit, hook.AfterMove}, Prefix: "in", Carrier: c}}}).Store(inner)
	for _, path := range []string{"in/a", "inside", "out/in", "out/b", "out/c"} {
		put(t, store, path, "1")
	}
	for _, paths := range [][2]string{{"in/a", "out/a"}, {"out/b", "in/b"}, {"out/c", "out/d"}} {
		if _, err := store.Move(t.Context(), paths[0], paths[1], tranship.Precondition{}); err != nil {
			t.Fatal(err)
		}
	}
	put(t, store, "in/z", "1")
	c.wait(t, "after-commit in/a 1", "after-move out/a from in/a 1", "after-move in/b from out/b 1", "after-commit in/z 1")
}

// counting counts the writes of the state of a store.
type counting struct {
	tranship.Store
	tranship.StateStore
	swaps, batches *atomic.Int64
	fail           *atomic.Bool
}

// TestBatchRecords checks that a batch of small files stays one, and has one record in the outbox.
func TestBatchRecords(t *testing.T) {
	inner, c := newCounting(), newCarrier()
	store := open(t, inner, hook.Options{Exclusive: true, Hooks: []hook.Hook{{Name: "all", Kinds: events(), Carrier: c, Batch: 100}}}).Store(inner)
	put(t, store, "first", "1") // after it the server is known to deliver
	c.wait(t, "after-commit first 1")
	before := inner.swaps.Load()
	var items []tranship.PutItem
	for i := range 64 {
		items = append(items, tranship.PutItem{Spec: tranship.Spec{Path: fmt.Sprintf("some/directory/of/a/project/file-%d.txt", i)}, Data: []byte("1")})
	}
	for _, result := range tranship.PutBatch(t.Context(), store, items) {
		if result.Err != nil {
			t.Fatal(result.Err)
		}
	}
	c.waitSome(t, 65)
	if swaps, batches := inner.swaps.Load()-before, inner.batches.Load(); swaps != 1 || batches != 1 {
		t.Errorf("%d writes of the state and %d batches, want 1 and 1", swaps, batches)
	}
	if !slices.Equal(c.sizes, []int{1, 64}) {
		t.Errorf("deliveries of %v events", c.sizes)
	}
}

// TestOutboxFails checks that a change is refused as long as its record cannot be written.
func TestOutboxFails(t *testing.T) {
	inner, c := newCounting(), newCarrier()
	store := open(t, inner, hook.Options{Exclusive: true, Hooks: []hook.Hook{{Name: "all", Kinds: events(), Carrier: c}}}).Store(inner)
	inner.fail.Store(true)
	if _, err := store.Put(t.Context(), tranship.Spec{Path: "a"}, []byte("1")); !errors.Is(err, tranship.ErrUnavailable) {
		t.Error(err)
	}
	if result := tranship.PutBatch(t.Context(), store, []tranship.PutItem{{Spec: tranship.Spec{Path: "b"}}}); !errors.Is(result[0].Err, tranship.ErrUnavailable) {
		t.Error(result[0].Err)
	}
	for _, path := range []string{"a", "b"} {
		if _, err := store.Stat(t.Context(), path); !errors.Is(err, tranship.ErrNotFound) {
			t.Errorf("%s: %v", path, err)
		}
	}
	inner.fail.Store(false)
	put(t, store, "c", "1")
	c.wait(t, "after-commit c 1")
}
