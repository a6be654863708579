package main

import (
	"context"
	"errors"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/copycmd"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/internal/failure"
)

// lookahead is the answer to what is at a location, which is asked for while the client connects.
type lookahead struct {
	location location.Location
	// done is closed when the other fields are set.
	done        chan struct{}
	file        tranship.File
	isDirectory bool
	err         error
}

func newLookahead(p location.Location) *lookahead {
	return &lookahead{location: p, done: make(chan struct{})}
}

// look asks the server.
func (l *lookahead) look(ctx context.Context, store tranship.Reader) {
	defer close(l.done)
	l.file, l.isDirectory, l.err = copycmd.Lookup(ctx, store, l.location)
}

// isFinal waits for the answer, and reports whether there is no reason to ask again.
func (l *lookahead) isFinal(ctx context.Context) bool {
	select {
	case <-l.done:
	case <-ctx.Done():
		return false
	}
	return l.err == nil || errors.Is(l.err, tranship.ErrNotFound) || errors.Is(l.err, tranship.ErrDenied) && failure.Of(ctx, l.err) == failure.Final
}

// first returns the location that a command which has connected to a server asks about first; nil if there is none.
func (c *connections) first(server location.Server) *location.Location {
	for _, p := range c.lookups {
		if p.Server == server {
			return &p
		}
	}
	return nil
}

// Lookup reports whether a location is a file or a directory, and returns the file, as copycmd.Lookup does. The first
// location of each server is asked for while the client connects to it.
func (c *connections) Lookup(ctx context.Context, p location.Location) (file tranship.File, isDirectory bool, err error) {
	store, err := c.Store(ctx, p.Server)
	if err != nil {
		return tranship.File{}, false, err
	}
	ahead := c.ahead[p.Server]
	delete(c.ahead, p.Server) // what is there may change
	if ahead != nil && ahead.location == p && ahead.isFinal(ctx) {
		return ahead.file, ahead.isDirectory, ahead.err
	}
	return copycmd.Lookup(ctx, store, p)
}
