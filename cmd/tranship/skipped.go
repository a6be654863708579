package main

import (
	"context"
	"errors"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/transfer"
)

// skippedOf is the error of a list that goes on, if err is one.
func skippedOf(err error) (*tranship.SkippedError, bool) {
	return errors.AsType[*tranship.SkippedError](err)
}

// leftOut reports, in one line, what a list left out and a command therefore has not
// done: "not removed". Each makes the command fail. It is safe for concurrent use with
// complain, not with itself.
func (g *globals) leftOut(server serverPlace, undone string, skipped *tranship.SkippedError) {
	g.failures.add(exitCode(transfer.ErrSkipped))
	g.complain(server.at(skipped.Display()) + ": " + undone + ": " + skipped.Err.Error())
}

// notListed is leftOut for ls, which has failed only if it could not read what there
// is.
func (g *globals) notListed(server serverPlace, skipped *tranship.SkippedError) {
	if skipped.Unreadable() {
		g.leftOut(server, "not listed", skipped)
		return
	}
	g.complain(server.at(skipped.Display()) + ": not listed: " + skipped.Err.Error())
}

// isOfOneFile reports whether an error of a change is that of one file, which does not
// keep a command from going on with the others.
func isOfOneFile(ctx context.Context, err error) bool {
	return ctx.Err() == nil && !errors.Is(err, tranship.ErrUnavailable) && !errors.Is(err, tranship.ErrUnauthenticated)
}
