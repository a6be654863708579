package audit

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
)

// The lines that wait are bounded in bytes, too, because a client determines their length.
func TestWaitingBytes(t *testing.T) {
	broken := &brokenWriter{}
	log := NewLog(broken, nil)
	ctx := t.Context()
	for range maxWaiting {
		log.done(ctx, "stat", nil, slog.String("path", strings.Repeat("\u202e", 1000)))
	}
	if log.output.bytes > maxWaitingBytes || log.output.lost == 0 {
		t.Errorf("%d bytes wait, and %d lines are lost", log.output.bytes, log.output.lost)
	}
	broken.repaired = true
	if err := log.output.ready(); err != nil {
		t.Error(err)
	}
	if log.output.bytes != 0 || len(log.output.waiting) != 0 {
		t.Errorf("after all lines were written, %d bytes are counted", log.output.bytes)
	}
}

type brokenWriter struct{ repaired bool }

func (w *brokenWriter) Write(p []byte) (int, error) {
	if !w.repaired {
		return 0, errors.New("broken")
	}
	return len(p), nil
}
