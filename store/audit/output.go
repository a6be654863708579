package audit

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/printable"
)

// maxWaiting bounds the lines that wait to be written, and maxWaitingBytes their total
// size, which is enough for 10,000 lines of usual length.
const (
	maxWaiting      = 10_000
	maxWaitingBytes = 8 << 20
)

// output writes lines to a file or a writer. Lines that cannot be written wait.
type output struct {
	log *slog.Logger
	// name is the name of the file, which is opened again after it was renamed or removed;
	// "" for a writer.
	name string
	// stuck is set while lines wait.
	stuck atomic.Bool

	mu      sync.Mutex
	writer  io.Writer
	file    *os.File
	info    os.FileInfo
	waiting [][]byte
	bytes   int // the total size of waiting
	lost    int
}

// ready fails if lines wait and still cannot be written. Each action calls it first.
func (o *output) ready() error {
	if !o.stuck.Load() {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.flushLocked() {
		return nil
	}
	return fmt.Errorf("%w: the audit log cannot be written, and all calls fail until it can be", tranship.ErrUnavailable)
}

// Write writes a line after those that wait. It never fails: if the line cannot be written,
// it waits as well.
func (o *output) Write(line []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	escaped := printable.JSON(line)
	if len(o.waiting) == maxWaiting || o.bytes+len(escaped) > maxWaitingBytes {
		o.lost++
		return len(line), nil
	}
	o.waiting = append(o.waiting, escaped)
	o.bytes += len(escaped)
	o.flushLocked()
	return len(line), nil
}

// flushLocked writes the lines that wait, and reports whether none is left.
func (o *output) flushLocked() bool {
	for len(o.waiting) > 0 {
		line := o.waiting[0]
		n, err := 0, o.reopenLocked()
		if err == nil {
			n, err = o.writer.Write(line)
		}
		if err != nil {
			if n > 0 && n < len(line) { // end the incomplete line, and write it again later
				o.waiting[0] = append([]byte{'\n'}, line...)
			}
			if !o.stuck.Swap(true) {
				o.log.Error("the audit log cannot be written: all calls fail until it can be", "error", err)
			}
			return false
		}
		o.waiting = o.waiting[1:]
		o.bytes -= len(line)
	}
	o.waiting, o.bytes = nil, 0
	if o.stuck.Swap(false) {
		o.log.Warn("the audit log can be written again", "lost", o.lost)
		o.lost = 0
	}
	return true
}

// reopenLocked opens the file again if it was renamed or removed.
func (o *output) reopenLocked() error {
	if o.name == "" {
		return nil
	}
	if info, err := os.Stat(o.name); err == nil && o.file != nil && os.SameFile(info, o.info) {
		return nil
	}
	file, err := os.OpenFile(o.name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return err
	}
	if o.file != nil {
		_ = o.file.Close() // all its lines are written
	}
	o.file, o.info, o.writer = file, info, file
	return nil
}

// close writes the lines that wait, if it can, and closes the file if Open opened it.
func (o *output) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var err error
	if !o.flushLocked() {
		err = fmt.Errorf("%d lines of the audit log were not written", len(o.waiting)+o.lost)
	}
	if o.file == nil {
		return err
	}
	if failed := o.file.Close(); err == nil {
		err = failed
	}
	return err
}
