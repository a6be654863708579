// Package audit is a decorator that logs the actions of each principal on a store: one line
// of JSON for each action, also for those that failed or were denied.
//
//	{"time":"2026-03-01T09:30:00Z","action":"commit","result":"ok","principal":"ann",
//	 "source":"token","peer":"192.0.2.7:4711","path":"home/ann/a","bytes":1048576,"upload":"…"}
//
// Every line has time (UTC), action, and result: "ok" or the word of the error, such as
// "denied", "not_found" or "exists". The result is also "denied" where the caller got "not
// found" because it may not know that the file exists. For an anonymous caller principal is
// absent and source is "anonymous". The actions are:
//
//	stat, list (with recursive and entries), read
//	put, begin, copy_part, commit, abort, detach: upload names the upload
//	set_attributes, delete, move, copy: path and destination
//	list_uploads, abort_upload
//	authenticate, handshake: the credentials of a call or connection were refused
//	connect: a limit refused a connection or call before its data was read
//	join: a slot was not allowed to join an upload
//
// Every refusal has a line, also that of an invalid request. An action that failed before it
// reached the store also has reason, the error text that the caller got. If the whole call
// failed, the line has method, and its action is the name of the method. Calls that a
// client canceled have no line.
//
// Callers without credentials, and callers whose result is "unavailable", cannot fill a
// disk: for each of authenticate, handshake, connect, and unavailable actions, the log has
// at most ten lines a second. left_out counts the lines that were omitted before. It is in
// the next line, or in a line of its own when the log is closed.
//
// The line of a read is written when it ends. It has the number of bytes that were read from
// offset, and whether that was all that the caller asked for. An upload has a line when it
// is begun or resumed, and one when it is committed, aborted or detached.
//
// Lines have no content, no metadata and no credentials. Text that a client sends is
// clipped and escaped.
package audit

import (
	"context"
	"io"
	"log/slog"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/hidden"
)

// maxName bounds the names of principals, uploads and reasons, in bytes.
const maxName = 256

// Log is an audit log. It is safe for concurrent use. A nil *Log writes nothing.
//
// While a line cannot be written, for example because the disk is full, each new action
// fails with tranship.ErrUnavailable before it has any effect. The lines of actions that
// had begun before wait in memory, at most 10,000 lines or 8 MiB, and are written first. The
// logger gets an error. Lines are passed to the operating system but not synced.
type Log struct {
	output *output
	lines

	// The budgets of the kinds of lines that have at most ten lines a second: refused
	// credentials, handshakes, connections, and unavailable actions.
	authenticate, handshake, connect, limited lineBudget
}

// Open returns a log that appends to a file. If the file does not exist, it is created with
// mode 0600. When the file is renamed or removed, the next line goes to a new file of the
// same name, so that renaming it suffices for rotation. The lines of the items of one batch are
// written together. logger gets an error while the log
// cannot be written; it may be nil.
func Open(name string, logger *slog.Logger) (*Log, error) {
	log := newLog(&output{name: name}, logger)
	log.output.mu.Lock()
	defer log.output.mu.Unlock()
	if err := log.output.reopenLocked(); err != nil {
		return nil, err
	}
	return log, nil
}

// NewLog returns a log that writes to w, line by line. logger gets an error while the log
// cannot be written; it may be nil.
func NewLog(w io.Writer, logger *slog.Logger) *Log {
	return newLog(&output{writer: w}, logger)
}

func newLog(o *output, logger *slog.Logger) *Log {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	o.log = logger
	return &Log{output: o, lines: linesTo(o)}
}

// Close writes the lines that wait, and closes the file if Open opened it. It fails if lines
// could not be written. The caller must not use the log any more.
func (l *Log) Close() error {
	if l == nil {
		return nil
	}
	l.writeOmitted()
	return l.output.close()
}

// CheckHealth implements tranship.HealthChecker. It fails with tranship.ErrUnavailable while
// lines wait that cannot be written, and tries to write them.
func (l *Log) CheckHealth(context.Context) error {
	if l == nil {
		return nil
	}
	return l.output.ready()
}

// Refused logs that the credentials of a caller were refused. The address is "host:port".
// The reason must not contain the credentials. At most ten lines a second are written; the
// next line counts the omitted ones.
func (l *Log) Refused(address, reason string) {
	if l == nil {
		return
	}
	l.refusePeer(&l.authenticate, "authenticate", tranship.ErrUnauthenticated, address, reason)
}

// RefusedHandshake logs that the TLS handshake with an address failed, and why. It is
// otherwise like Refused.
func (l *Log) RefusedHandshake(address, reason string) {
	if l == nil {
		return
	}
	l.refusePeer(&l.handshake, "handshake", tranship.ErrUnauthenticated, address, reason)
}

// RefusedConnection logs that a limit refused a connection or call from an address before
// its data was read, and why. It is otherwise like Refused.
func (l *Log) RefusedConnection(address, reason string) {
	if l == nil {
		return
	}
	l.refusePeer(&l.connect, "connect", tranship.ErrUnavailable, address, reason)
}

// refusePeer writes a line about an address if the budget allows it.
func (l *Log) refusePeer(budget *lineBudget, action string, err error, address, reason string) {
	omitted, ok := budget.take()
	if !ok {
		return
	}
	attributes := []slog.Attr{
		slog.String("result", result(err)),
		slog.String("peer", clip(address, maxName)),
		reasonAttr(reason),
	}
	l.write(action, append(attributes, omittedAttrs(omitted)...))
}

// writeOmitted writes a line for each kind that has omitted lines since its last one.
func (l *Log) writeOmitted() {
	for _, kind := range []struct {
		action string
		budget *lineBudget
		err    error
	}{
		{"authenticate", &l.authenticate, tranship.ErrUnauthenticated},
		{"handshake", &l.handshake, tranship.ErrUnauthenticated},
		{"connect", &l.connect, tranship.ErrUnavailable},
		{"limit", &l.limited, tranship.ErrUnavailable},
	} {
		if omitted := kind.budget.takeOmitted(); omitted > 0 {
			l.write(kind.action, append([]slog.Attr{slog.String("result", result(kind.err))}, omittedAttrs(omitted)...))
		}
	}
}

// result returns the result field for an action that has ended with err.
func result(err error) string {
	switch {
	case err == nil:
		return "ok"
	case hidden.Is(err):
		return failure.Word(tranship.ErrDenied)
	default:
		return failure.Word(err)
	}
}

func reasonAttr(reason string) slog.Attr { return slog.String("reason", clip(reason, maxName)) }

func pathAttr(path string) slog.Attr {
	return slog.String("path", clip(path, tranship.MaxPathBytes))
}

func destinationAttr(path string) slog.Attr {
	return slog.String("destination", clip(path, tranship.MaxPathBytes))
}

func bytesAttr(n int64) slog.Attr { return slog.Int64("bytes", n) }

func uploadAttr(id string) slog.Attr { return slog.String("upload", clip(id, maxName)) }
