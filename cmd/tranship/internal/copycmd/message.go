package copycmd

import (
	"errors"
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/store/localdir"
	"github.com/tranship/tranship/transfer"
)

// message is the line of a file that failed. It names the source, unless it was this
// machine's target that failed.
func (t *Target) message(result transfer.Result) string {
	if t.protocol != ProtocolTranship && rpcstatus.IsUnserved(result.Err) {
		where := t.Location.Arg
		if t.Location.Kind != location.Remote {
			where = result.Source
		}
		return fmt.Sprintf("%s: the server does not serve the protocol %s", where, t.protocol)
	}
	if _, failed := errors.AsType[*localdir.TargetError](result.Err); failed {
		return t.show(result.Path) + ": " + t.inWords(result.Err, console.Subject{})
	}
	text := t.inWords(result.Err, t.subject(result))
	if errors.Is(result.Err, transfer.ErrUnsized) {
		text += "; " + pipeInstead
	}
	return result.Source + ": " + text
}

// subject is what a result's Source stands for. A source that was never looked at has
// only the name that the user wrote.
func (t *Target) subject(result transfer.Result) console.Subject {
	of := console.Subject{Paths: []string{result.Path, result.SourcePath}}
	if source, err := location.Parse(result.Source); err == nil && source.Kind == location.Remote {
		of.Server = source.Server
	}
	return of
}

// inWords is what an error of a copy says behind a subject's name: a copy that can be
// resumed is a command that can be run again.
func (t *Target) inWords(err error, of console.Subject) string {
	resumable, ok := errors.AsType[*transfer.ResumableError](err)
	if !ok || err != error(resumable) { //nolint:errorlint // what wraps it has words of its own
		return of.Text(err) + console.LimitAdvice(err)
	}
	text := of.Text(resumable.Err) + console.LimitAdvice(err)
	if errors.Is(err, tranship.ErrAborted) {
		// Another client removed the upload, or goes on with it.
		return text
	}
	return text + "; " + t.again() + " to go on from here"
}

// again says which command copies the same to the same place once more.
func (t *Target) again() string {
	if t.became != "" {
		// Now that the target is a directory, the source would go into it.
		return "run the same command again with " + t.became + " as its source"
	}
	return "run the same command again"
}
