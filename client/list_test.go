package client_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/store/mem"
)

// boundless is a store that ignores Prefix and EndBefore, like that of an old server.
type boundless struct{ *mem.Store }

func (b boundless) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	options.Prefix, options.EndBefore = "", ""
	return b.Store.List(ctx, options)
}

// TestListOldServer checks lists with bounds from a server that ignores the bounds.
func TestListOldServer(t *testing.T) {
	store := new(mem.Store)
	for i := range 100 {
		for _, path := range []string{fmt.Sprintf("a/%03d", i), fmt.Sprintf("b/%03d/file", i), fmt.Sprintf("c%03d", i)} {
			if _, err := store.Put(t.Context(), tranship.Spec{Path: path}, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	old := connect(t, boundless{store}, client.Options{})
	for _, options := range []tranship.ListOptions{
		{Prefix: "b/05", Recursive: true, Limit: 3},
		{Prefix: "b/05", Recursive: true},
		{Prefix: "b/05", Directory: "b", Limit: 20},
		{Prefix: "c", EndBefore: "c010", Limit: 7},
		{Prefix: "c", StartAfter: "c095", Limit: 7},
		{EndBefore: "b/001", Recursive: true, Limit: 200},
		{Prefix: "z", Recursive: true, Limit: 1},
	} {
		want, got := keysOf(t, store, options), keysOf(t, old, options)
		if !slices.Equal(got, want) {
			t.Errorf("%+v: %q, want %q", options, got, want)
		}
	}
}

func keysOf(t *testing.T, store tranship.Reader, options tranship.ListOptions) (keys []string) {
	t.Helper()
	for entry, err := range store.List(t.Context(), options) {
		if err != nil {
			t.Fatalf("List(%+v): %v", options, err)
		}
		keys = append(keys, entry.Key())
	}
	return keys
}
