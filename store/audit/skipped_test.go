package audit_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/audit"
)

// gappy is a store that lists one file and skips two.
type gappy struct{ tranship.Store }

func (gappy) List(context.Context, tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		skipped := &tranship.SkippedError{Path: "d", Err: tranship.ErrDenied}
		_ = yield(tranship.Entry{}, skipped) && yield(tranship.Entry{File: tranship.File{Path: "e"}}, nil) && yield(tranship.Entry{}, skipped)
	}
}

// A list that skips files has not failed. Its line has the number of skipped files.
func TestListSkips(t *testing.T) {
	var log bytes.Buffer
	reported := 0
	for _, err := range audit.New(gappy{}, audit.NewLog(&log, nil)).List(t.Context(), tranship.ListOptions{ReportSkipped: true}) {
		if _, ok := errors.AsType[*tranship.SkippedError](err); ok {
			reported++
		}
	}
	written := lines(t, log.Bytes())
	if reported != 2 || len(written) != 1 || written[0]["result"] != "ok" || written[0]["entries"] != 1.0 || written[0]["skipped"] != 2.0 {
		t.Errorf("%d files reported as skipped; the log has %v", reported, written)
	}
}
