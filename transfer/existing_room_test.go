package transfer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
)

// endless is a list that a hostile server makes as long as it likes.
type endless struct{ listed *int }

func (e endless) List(context.Context, tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		for yield(tranship.Entry{File: tranship.File{Path: fmt.Sprintf("%09d", *e.listed)}}, nil) {
			*e.listed++
		}
	}
}

// A list that is too long is not kept: each of the other files is asked for.
func TestListExistingRoom(t *testing.T) {
	listed := 0
	if _, err := listExisting(t.Context(), endless{&listed}, "", 1000*stampBytes); !errors.Is(err, tranship.ErrLimit) || listed > 1000 {
		t.Errorf("an endless list: %v after %d entries", err, listed)
	}
	store := &mem.Store{}
	for _, path := range []string{"a", "b", "c"} {
		if _, err := store.Put(t.Context(), tranship.Spec{Path: path}, []byte(path)); err != nil {
			t.Fatal(err)
		}
	}
	existing, err := listExisting(t.Context(), store, "", 2*(stampBytes+1))
	if err != nil {
		t.Fatal(err)
	}
	for path, there := range map[string]bool{"a": true, "a0": false, "b": true, "c": true, "d": false} {
		file, err := existing(t.Context(), path)
		if there != (err == nil) || !there && !errors.Is(err, tranship.ErrNotFound) || there && file.Path != path {
			t.Errorf("%s: %v, %v", path, file, err)
		}
	}
}
