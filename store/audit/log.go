// Package audit writes down who did what with a store: one line of JSON for each
// action, also for those that failed or were denied.
//
//	{"time":"2026-03-01T09:30:00Z","action":"commit","result":"ok","principal":"ann",
//	 "source":"token","peer":"192.0.2.7:4711","path":"home/ann/a","bytes":1048576,"upload":"…"}
//
// Every line has time (UTC), action, and result: "ok" or the error's word, such as
// "denied", "not_found" or "exists"; "denied" also where the caller was told
// "not_found" because it may not know. principal is absent when nobody knows who it
// was, and then source is "anonymous". The actions are:
//
//	stat, list (with recursive and entries), read
//	put, begin, copy_part, commit, abort, detach: upload names the upload
//	set_attributes, delete, move, copy: path and destination
//	list_uploads, abort_upload
//	authenticate, handshake: a call's or connection's credentials were refused
//	connect: a connection or call was refused by a limit before anything was read of it
//	join: a slot that may not join an upload
//
// Every refusal has a line, also of a request that is not valid: what failed before the
// store was asked is written as the action that it would have been, with reason, what
// the caller was told. Where a call as a whole failed it has method, and its action is
// the method's name. Calls that a client gave up have none.
//
// Callers without credentials, and callers that are told to try again (result is
// "unavailable"), cannot fill a disk: of each of authenticate, handshake, connect, and
// actions that are unavailable, at most ten lines a second are written; left_out in the
// next line, or in one when the log is closed, is how many more there were.
//
// A read is written when it ends: how many bytes were read from offset, and whether
// that was the whole of what was asked for. An upload has a line when it is begun or
// resumed, and one when it is committed, aborted, or let go to be resumed.
//
// Lines have no content, no metadata and no credentials. What a client sends is
// clipped and escaped.
package audit

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/hidden"
	"github.com/tranship/tranship/internal/recorded"
)

// maxName bounds the names of principals, uploads and reasons, in bytes.
const maxName = 256

// Log is where actions are written down. It is safe for concurrent use; a nil *Log
// writes nothing.
//
// When a line cannot be written, as on a full disk, nothing is done any more: each
// action fails with tranship.ErrUnavailable, before it does anything, until the line
// can be written. Of what was under way the lines wait in memory, at most 10,000 or
// 8 MiB, and come first. The logger gets an error. Lines are handed to the operating
// system, and not synced.
type Log struct {
	output  *output
	handler slog.Handler

	// What has no more than ten lines a second: callers without good credentials,
	// handshakes, connections, and what is refused for a moment.
	authenticate, handshake, connect, limited budget
}

// Open appends to a file, which it makes, if it must, for its owner alone. When the
// file is renamed or removed, the next line goes to a new one of that name: to rotate
// it takes no more. logger hears when the log cannot be written; it may be nil.
func Open(name string, logger *slog.Logger) (*Log, error) {
	log := newLog(&output{name: name}, logger)
	log.output.mu.Lock()
	defer log.output.mu.Unlock()
	if err := log.output.follow(); err != nil {
		return nil, err
	}
	return log, nil
}

// NewLog writes to w, line by line. logger hears when that fails; it may be nil.
func NewLog(w io.Writer, logger *slog.Logger) *Log {
	return newLog(&output{writer: w}, logger)
}

func newLog(o *output, logger *slog.Logger) *Log {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	o.log = logger
	handler := slog.NewJSONHandler(o, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			switch a.Key {
			case slog.LevelKey:
				return slog.Attr{}
			case slog.MessageKey:
				a.Key = "action"
			}
			return a
		},
	})
	return &Log{output: o, handler: handler}
}

// Close writes what waits, and closes the file if Open opened it. Whoever uses the
// log has stopped before.
func (l *Log) Close() error {
	if l == nil {
		return nil
	}
	l.writeLeftOut()
	return l.output.close()
}

// Refused writes down that somebody at an address, "host:port", was not let in, and
// why: in a few words, without what they showed. It writes at most ten lines a second;
// the next one tells how many were left out.
func (l *Log) Refused(address, reason string) {
	if l == nil {
		return
	}
	l.stranger(&l.authenticate, "authenticate", tranship.ErrUnauthenticated, address, reason)
}

// RefusedHandshake writes down that TLS could not be agreed on with an address, and why;
// as Refused does.
func (l *Log) RefusedHandshake(address, reason string) {
	if l == nil {
		return
	}
	l.stranger(&l.handshake, "handshake", tranship.ErrUnauthenticated, address, reason)
}

// RefusedConnection writes down that a connection or call of an address was refused by a
// limit, before anything was read of it, and why; as Refused does.
func (l *Log) RefusedConnection(address, reason string) {
	if l == nil {
		return
	}
	l.stranger(&l.connect, "connect", tranship.ErrUnavailable, address, reason)
}

// stranger writes a line about an address, if there may be one now.
func (l *Log) stranger(budget *budget, action string, err error, address, reason string) {
	left, ok := budget.take()
	if !ok {
		return
	}
	attributes := []slog.Attr{
		slog.String("result", result(err)),
		slog.String("peer", clip(address, maxName)),
		reasonAttr(reason),
	}
	l.write(action, append(attributes, leftOut(left)...))
}

// writeLeftOut tells of lines that were left out last.
func (l *Log) writeLeftOut() {
	for _, kind := range []struct {
		action string
		budget *budget
		err    error
	}{
		{"authenticate", &l.authenticate, tranship.ErrUnauthenticated},
		{"handshake", &l.handshake, tranship.ErrUnauthenticated},
		{"connect", &l.connect, tranship.ErrUnavailable},
		{"limit", &l.limited, tranship.ErrUnavailable},
	} {
		if left := kind.budget.takeLeft(); left > 0 {
			l.write(kind.action, append([]slog.Attr{slog.String("result", result(kind.err))}, leftOut(left)...))
		}
	}
}

// write writes a line.
func (l *Log) write(action string, attributes []slog.Attr) {
	record := slog.NewRecord(time.Now().UTC(), slog.LevelInfo, action, 0)
	record.AddAttrs(attributes...)
	_ = l.handler.Handle(context.Background(), record) // output does not fail
}

// done writes down an action that has ended with err.
func (l *Log) done(ctx context.Context, action string, err error, attributes ...slog.Attr) {
	if err != nil {
		recorded.Failure(ctx)
	}
	all := append(make([]slog.Attr, 0, 10), slog.String("result", result(err)))
	switch p := access.FromContext(ctx); {
	case p.IsAnonymous():
		all = append(all, slog.String("source", "anonymous"))
	default:
		all = append(all, slog.String("principal", clip(p.Name, tranship.MaxOwnerBytes)), slog.String("source", clip(p.Source, maxName)))
	}
	if from := access.PeerFromContext(ctx); from != nil {
		all = append(all, slog.String("peer", from.String()))
	}
	l.write(action, append(all, attributes...))
}

// result is the word for how an action ended.
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
