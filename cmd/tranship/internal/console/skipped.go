package console

import (
	"context"
	"errors"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/transfer"
)

// SkippedOf returns the SkippedError in err, after which a list continues, if there is one.
func SkippedOf(err error) (*tranship.SkippedError, bool) {
	return errors.AsType[*tranship.SkippedError](err)
}

// FailSkipped reports, in one line, an entry that a list skipped and that the command did not
// process: undone is what it did not do, such as "not removed". It counts as a failure of the
// command. Calls of FailSkipped must not be concurrent.
func (c *Console) FailSkipped(server location.Server, undone string, skipped *tranship.SkippedError) {
	c.Failures.Add(ExitCode(transfer.ErrSkipped))
	c.PrintError(server.At(skipped.Display()) + ": " + undone + ": " + skipped.Err.Error())
}

// NotifyUnlisted reports an entry that ls did not list. It counts as a failure only if the
// server could not read the entry.
func (c *Console) NotifyUnlisted(server location.Server, skipped *tranship.SkippedError) {
	if skipped.Unreadable() {
		c.FailSkipped(server, "not listed", skipped)
		return
	}
	c.Notice(server.At(skipped.Display()) + ": not listed: " + skipped.Err.Error())
}

// IsOfOneFile reports whether an error concerns one file only, so that the command can
// continue with the others.
func IsOfOneFile(ctx context.Context, err error) bool {
	if _, ok := errors.AsType[*tranship.ProxyError](err); ok {
		return false // the proxy would refuse the other files, too
	}
	return ctx.Err() == nil && !errors.Is(err, tranship.ErrUnavailable) && !errors.Is(err, tranship.ErrUnauthenticated)
}
