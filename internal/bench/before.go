package main

import (
	"context"
	"os"
)

// before is an older program, which gRPC must not be slower than.
type before struct{}

func (before) name() string { return "before" }

func (before) about() string { return "client and server of an older tranship, of -before" }

func (before) lacks(l *lab, _ benchCase) string {
	if _, err := os.Stat(l.before); err != nil {
		return "there is no older program: tools/bench-before.sh COMMIT, or -before"
	}
	return ""
}

func (before) serve(ctx context.Context, s site) (*service, error) {
	return serveTranship(ctx, s.before, s)
}

func (before) copy(j job) (command, error) { return copyTranship(j.before, j), nil }
