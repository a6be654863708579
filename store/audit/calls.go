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

// RefusedCall writes a line about a call that failed before it reached the store: its
// message is malformed or did not arrive, or a limit refused the call. method is the name
// of the call in its protocol. path, destination and upload are those that its message
// names, or "".
func (l *Log) RefusedCall(ctx context.Context, method, path, destination, upload string, err error) {
	if l == nil {
		return
	}
	attributes := targetAttrs(path, destination, upload)
	l.refuse(ctx, actionOf(method), err, append(attributes, slog.String("method", clip(method, maxName)))...)
}

// Fail writes a line about an action that was refused before it reached the store. path and
// upload are as the client sent them, or "". Actions that fail with tranship.ErrUnavailable,
// for example by a limit, have at most ten lines a second.
func (l *Log) Fail(ctx context.Context, action, path, upload string, err error) {
	if l == nil {
		return
	}
	l.refuse(ctx, action, err, targetAttrs(path, "", upload)...)
}

// targetAttrs returns the attributes for the files and the upload that a request names.
func targetAttrs(path, destination, upload string) (attributes []slog.Attr) {
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

// refuse writes a line about an action that did not reach the store.
func (l *Log) refuse(ctx context.Context, action string, err error, attributes ...slog.Attr) {
	if l.output.ready() != nil { // the line cannot be written, and no action was performed
		return
	}
	if failure.Word(err) == failure.Word(tranship.ErrUnavailable) {
		omitted, ok := l.limited.take()
		if !ok {
			return
		}
		attributes = append(attributes, omittedAttrs(omitted)...)
	}
	attributes = append(attributes, reasonAttr(reasonOf(err)))
	l.done(ctx, action, err, attributes...)
}

// reasonOf returns the error text that the caller got, which has no details of an internal
// error.
func reasonOf(err error) string {
	if failure.Word(err) == failure.Internal {
		return "internal error"
	}
	return strings.ToValidUTF8(err.Error(), "\uFFFD")
}

// actionOf returns the action for the name of a method: "set_attributes" for SetAttributes.
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
