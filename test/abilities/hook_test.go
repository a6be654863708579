package abilities

import (
	"context"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/hook"
	"github.com/tranship/tranship/store/mem"
)

// events is a hook that gets events.
type events chan string

func (e events) Ask(context.Context, hook.Question) (hook.Answer, error) { return hook.Answer{}, nil }

func (e events) Deliver(_ context.Context, told []hook.Event) error {
	for _, event := range told {
		e <- event.Kind.String() + " " + event.Path
	}
	return nil
}

// told returns a store whose changes a hook is told of. The outbox is in another store.
func told(t *testing.T, inner tranship.Store, to events) tranship.Store {
	t.Helper()
	hooks, err := hook.Open(t.Context(), &mem.Store{}, hook.Options{Hooks: []hook.Hook{{Name: "all", Kinds: hook.Kinds()[1:], Carrier: to}}})
	must(t, err)
	t.Cleanup(func() { must(t, hooks.Close()) })
	return hooks.Store(inner)
}

func hookTellsOfPuts(t *testing.T) {
	inner, to := newAbleStore(), make(events, 1)
	results := tranship.PutBatch(as(t, "ann"), told(t, inner, to), []tranship.PutItem{{Spec: tranship.Spec{Path: "file"}, Data: []byte("1")}})
	must(t, results[0].Err)
	if got := <-to; got != "after-commit file" {
		t.Errorf("the hook was told of %s", got)
	}
	inner.used(t, "BatchPutter", 1)
}

func hookTellsOfRemovals(t *testing.T) {
	inner, to := newAbleStore(), make(events, 1)
	put(t, as(t, "ann"), inner, "d/file")
	_, err := removeAll(t, as(t, "ann"), told(t, inner, to))
	must(t, err)
	if got := <-to; got != "after-delete d/file" {
		t.Errorf("the hook was told of %s", got)
	}
	inner.used(t, "TreeRemover", 0)
}
