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

// maxWaiting bounds the lines that wait to be written, and maxWaitingBytes their bytes:
// 10,000 lines of usual length.
const (
	maxWaiting      = 10_000
	maxWaitingBytes = 8 << 20
)

// output is where lines go. Those that cannot be written wait.
type output struct {
	log *slog.Logger
	// name is that of the file, which is opened again when it has another one; "" when
	// it is not ours to open.
	name string
	// stuck tells that lines wait.
	stuck atomic.Bool

	mu      sync.Mutex
	writer  io.Writer
	file    *os.File
	info    os.FileInfo
	waiting [][]byte
	bytes   int // of waiting
	lost    int
}

// ready fails if what is done now might not be written down.
func (o *output) ready() error {
	if !o.stuck.Load() {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.flush() {
		return nil
	}
	return fmt.Errorf("%w: the audit log cannot be written, and nothing is done until it can be", tranship.ErrUnavailable)
}

// Write takes a line, which it writes after those that wait. It does not fail.
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
	o.flush()
	return len(line), nil
}

// flush writes the lines that wait, and reports whether none is left. The caller
// holds mu.
func (o *output) flush() bool {
	for len(o.waiting) > 0 {
		line := o.waiting[0]
		n, err := 0, o.follow()
		if err == nil {
			n, err = o.writer.Write(line)
		}
		if err != nil {
			if n > 0 && n < len(line) { // the piece gets an end, and the line comes again
				o.waiting[0] = append([]byte{'\n'}, line...)
			}
			if !o.stuck.Swap(true) {
				o.log.Error("the audit log cannot be written: nothing is done until it can be", "error", err)
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

// follow opens the file again when another has its name, or none. The caller holds
// mu.
func (o *output) follow() error {
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
		_ = o.file.Close() // its lines are written
	}
	o.file, o.info, o.writer = file, info, file
	return nil
}

// close writes what waits, if it can, and closes the file if it is ours.
func (o *output) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var err error
	if !o.flush() {
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
