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

// message returns the error line of a file that failed. It names the source, or the target
// if writing to this machine failed.
func (t *Target) message(result transfer.Result) string {
	if t.protocol != ProtocolTranship && rpcstatus.IsUnserved(result.Err) {
		where := t.Location.Arg
		if t.Location.Kind != location.Remote {
			where = result.Source
		}
		return fmt.Sprintf("%s: the server does not serve the protocol %s", where, t.protocol)
	}
	if _, failed := errors.AsType[*localdir.TargetError](result.Err); failed {
		return t.show(result.Path) + ": " + t.errorText(result.Err, console.Subject{})
	}
	text := t.errorText(result.Err, t.subject(result))
	if errors.Is(result.Err, transfer.ErrUnsized) {
		text += "; " + pipeInstead
	}
	return result.Source + ": " + text
}

// subject returns the subject that a result's Source names. It parses the name: a source
// that was never opened has only the argument that the user wrote.
func (t *Target) subject(result transfer.Result) console.Subject {
	of := console.Subject{Paths: []string{result.Path, result.SourcePath}}
	if source, err := location.Parse(result.Source); err == nil && source.Kind == location.Remote {
		of.Server = source.Server
	}
	return of
}

// errorText returns the text of an error that follows the subject's name. If the copy can be
// resumed, the text tells which command to run.
func (t *Target) errorText(err error, of console.Subject) string {
	resumable, ok := errors.AsType[*transfer.ResumableError](err)
	if !ok || err != error(resumable) { //nolint:errorlint // an error that wraps it has its own text
		return of.Text(err) + console.LimitAdvice(err)
	}
	text := of.Text(resumable.Err) + console.LimitAdvice(err)
	if errors.Is(err, tranship.ErrAborted) {
		// Another client removed the upload, or continues it.
		return text
	}
	return text + "; " + t.rerunAdvice() + " to resume"
}

// rerunAdvice tells which command copies the same sources to the same target again.
func (t *Target) rerunAdvice() string {
	if t.rerunSource != "" {
		// The target is a directory by now, so the same source would go into it.
		return "run the same command again with " + t.rerunSource + " as its source"
	}
	return "run the same command again"
}
