package console

import (
	"context"
	"errors"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/transfer"
)

// SkippedOf is the error of a list that goes on, if err is one.
func SkippedOf(err error) (*tranship.SkippedError, bool) {
	return errors.AsType[*tranship.SkippedError](err)
}

// LeftOut reports, in one line, what a list left out and a command therefore has not
// done: "not removed". Each makes the command fail. It is safe for concurrent use with
// complain, not with itself.
func (c *Console) LeftOut(server location.Server, undone string, skipped *tranship.SkippedError) {
	c.Failures.Add(ExitCode(transfer.ErrSkipped))
	c.Complain(server.At(skipped.Display()) + ": " + undone + ": " + skipped.Err.Error())
}

// NotListed is leftOut for ls, which has failed only if it could not read what there
// is.
func (c *Console) NotListed(server location.Server, skipped *tranship.SkippedError) {
	if skipped.Unreadable() {
		c.LeftOut(server, "not listed", skipped)
		return
	}
	c.Complain(server.At(skipped.Display()) + ": not listed: " + skipped.Err.Error())
}

// IsOfOneFile reports whether an error of a change is that of one file, which does not
// keep a command from going on with the others.
func IsOfOneFile(ctx context.Context, err error) bool {
	return ctx.Err() == nil && !errors.Is(err, tranship.ErrUnavailable) && !errors.Is(err, tranship.ErrUnauthenticated)
}
