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

// holed lists a file and leaves two things out.
type holed struct{ tranship.Store }

func (holed) List(context.Context, tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		left := &tranship.SkippedError{Path: "d", Err: tranship.ErrDenied}
		_ = yield(tranship.Entry{}, left) && yield(tranship.Entry{File: tranship.File{Path: "e"}}, nil) && yield(tranship.Entry{}, left)
	}
}

// A list that went on past what it left out has not failed; the log has how much.
func TestListLeavesOut(t *testing.T) {
	var log bytes.Buffer
	reported := 0
	for _, err := range audit.New(holed{}, audit.NewLog(&log, nil)).List(t.Context(), tranship.ListOptions{ReportSkipped: true}) {
		if _, ok := errors.AsType[*tranship.SkippedError](err); ok {
			reported++
		}
	}
	written := lines(t, log.Bytes())
	if reported != 2 || len(written) != 1 || written[0]["result"] != "ok" || written[0]["entries"] != 1.0 || written[0]["skipped"] != 2.0 {
		t.Errorf("%d were reported; the log has %v", reported, written)
	}
}
