package audit

import (
	"context"
	"log/slog"
	"path"
	"strings"
	"unicode"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// RefusedCall writes a line about a call that failed as a whole, of which the store has
// written no line: its message is malformed or did not arrive, or a limit refused the
// call. method is its name in its protocol, and path, destination and upload are what its
// message names; "" if it names none.
func (l *Log) RefusedCall(ctx context.Context, method, path, destination, upload string, err error) {
	if l == nil {
		return
	}
	attributes := named(path, destination, upload)
	l.refuse(ctx, actionOf(method), err, append(attributes, slog.String("method", clip(method, maxName)))...)
}

// Fail writes a line about an action that was refused before the store was asked for it:
// path and upload are as the client sent them, "" for none. Actions that are refused for
// a moment, such as by a limit, have at most ten lines a second.
func (l *Log) Fail(ctx context.Context, action, path, upload string, err error) {
	if l == nil {
		return
	}
	l.refuse(ctx, action, err, named(path, "", upload)...)
}

// named are the attributes of what a request names.
func named(path, destination, upload string) (attributes []slog.Attr) {
	if path != "" {
		attributes = append(attributes, pathAttr(path))
	}
	if destination != "" {
		attributes = append(attributes, destinationAttr(destination))
	}
	if upload != "" {
		attributes = append(attributes, uploadAttr(upload))
	}
	return attributes
}

// refuse writes a line about an action that the store was not asked for.
func (l *Log) refuse(ctx context.Context, action string, err error, attributes ...slog.Attr) {
	if l.output.ready() != nil { // nothing was done, and that cannot be written
		return
	}
	if failure.Word(err) == failure.Word(tranship.ErrUnavailable) {
		left, ok := l.limited.take()
		if !ok {
			return
		}
		attributes = append(attributes, leftOut(left)...)
	}
	attributes = append(attributes, reasonAttr(reasonOf(err)))
	l.done(ctx, action, err, attributes...)
}

// reasonOf is what the caller was told: nothing of an internal failure.
func reasonOf(err error) string {
	if failure.Word(err) == failure.Internal {
		return "internal error"
	}
	return strings.ToValidUTF8(err.Error(), "\uFFFD")
}

// actionOf is the word for a method that failed as a whole: "set_attributes" for
// SetAttributes.
func actionOf(method string) string {
	var word strings.Builder
	for i, r := range clip(path.Base(method), maxName) {
		if unicode.IsUpper(r) && i > 0 {
			word.WriteByte('_')
		}
		word.WriteRune(unicode.ToLower(r))
	}
	return word.String()
}
