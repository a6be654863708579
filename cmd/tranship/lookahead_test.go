package main

import (
	"context"
	"errors"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/retry"
)

// An answer that came while the client connected is used once, for the location that it is about, and not if
// another try may succeed.
func TestLookahead(t *testing.T) {
	t.Parallel()
	server := location.Server{Address: "here:1"}
	at := func(path string) location.Location {
		return location.Location{Arg: server.At(path), Kind: location.Remote, Server: server, Path: path}
	}
	store := &mem.Store{}
	for _, path := range []string{"a", "b"} {
		if _, err := store.Put(t.Context(), tranship.Spec{Path: path}, nil); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		asked, path string
		err         error
		// isUsed means that the early answer is used: a directory, which the store has not.
		isUsed bool
	}{
		"found":             {asked: "a", path: "a", isUsed: true},
		"not found":         {asked: "a", path: "a", err: tranship.ErrNotFound, isUsed: true},
		"denied":            {asked: "a", path: "a", err: tranship.ErrDenied, isUsed: true},
		"other location":    {asked: "b", path: "a"},
		"unavailable":       {asked: "a", path: "a", err: tranship.ErrUnavailable},
		"cut off":           {asked: "a", path: "a", err: context.Canceled},
		"not authenticated": {asked: "a", path: "a", err: tranship.ErrUnauthenticated},
	} {
		c := (&globals{}).connections()
		c.stores[server] = retry.New(store, retry.Options{})
		ahead := newLookahead(at(test.asked))
		ahead.isDirectory, ahead.err = true, test.err
		close(ahead.done)
		c.ahead[server] = ahead
		_, isDirectory, err := c.Lookup(t.Context(), at(test.path))
		if isDirectory != test.isUsed || test.isUsed && !errors.Is(err, test.err) || !test.isUsed && err != nil {
			t.Errorf("%s: directory %v, %v", name, isDirectory, err)
		}
		if file, isDirectory, err := c.Lookup(t.Context(), at(test.path)); err != nil || isDirectory || file.Path != test.path {
			t.Errorf("%s, again: %q, directory %v, %v", name, file.Path, isDirectory, err)
		}
	}
}

// Nothing is asked early about a target that must be a directory, and about what is not on a server.
func TestLookups(t *testing.T) {
	t.Parallel()
	server := location.Server{Address: "here:1"}
	file, target := location.Location{Kind: location.Remote, Server: server, Path: "a"}, location.Location{Kind: location.Remote, Server: server, Path: "d", Slash: true}
	local := location.Location{Kind: location.Local, Path: "l"}
	for _, test := range []struct {
		source, to location.Location
		want       []location.Location
	}{
		{local, target, nil},
		{local, file, []location.Location{file}},
		{file, local, []location.Location{file}},
		{file, target, []location.Location{file}},
		{target, file, []location.Location{file, target}},
	} {
		got := lookups([]location.Location{test.source}, test.to)
		if len(got) != len(test.want) {
			t.Errorf("%v to %v: %v", test.source, test.to, got)
			continue
		}
		for i := range got {
			if got[i] != test.want[i] {
				t.Errorf("%v to %v: %v", test.source, test.to, got)
			}
		}
	}
}
