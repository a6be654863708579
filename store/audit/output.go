package audit

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
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
	// maxTogether bounds the lines, in bytes, that are written with one call.
	maxTogether = 64 << 10
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
	o.add(escaped(line))
	return len(line), nil
}

// escaped returns a copy of a line in which nothing controls a terminal.
func escaped(line []byte) []byte { return printable.JSON(line) }

// add writes lines that are escaped, as Write does, and keeps them if they must wait.
func (o *output) add(lines ...[]byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, line := range lines {
		if len(o.waiting) == maxWaiting || o.bytes+len(line) > maxWaitingBytes {
			o.lost++
			continue
		}
		o.waiting = append(o.waiting, line)
		o.bytes += len(line)
	}
	o.flushLocked()
}

// flushLocked writes the lines that wait, and reports whether none is left.
func (o *output) flushLocked() bool {
	for len(o.waiting) > 0 {
		some := o.waiting[:o.togetherLocked()]
		n, err := 0, o.reopenLocked()
		if err == nil {
			n, err = o.writer.Write(slices.Concat(some...))
		}
		for _, line := range some {
			if err != nil && n < len(line) {
				break
			}
			n -= len(line)
			o.waiting = o.waiting[1:]
			o.bytes -= len(line)
		}
		if err != nil {
			if n > 0 && len(o.waiting) > 0 {
				o.endIncompleteLocked(n)
			}
			if !o.stuck.Swap(true) {
				o.log.Error("the audit log cannot be written: all calls fail until it can be", "error", err)
			}
			return false
		}
	}
	o.waiting, o.bytes = nil, 0
	if o.stuck.Swap(false) {
		o.log.Warn("the audit log can be written again", "lost", o.lost)
		o.lost = 0
	}
	return true
}

// endIncompleteLocked makes the first line that waits, of which n bytes were written, end what was
// written. Then it comes again, unless only its end was missing.
func (o *output) endIncompleteLocked(n int) {
	line := o.waiting[0]
	ending := line[n:]
	if len(ending) > 1 {
		ending = append([]byte{'\n'}, line...)
	}
	o.waiting[0] = ending
	o.bytes += len(ending) - len(line)
}

// togetherLocked returns how many of the lines that wait are written with one call: one to a
// writer that a program has given, because it may rely on that.
func (o *output) togetherLocked() int {
	if o.name == "" {
		return 1
	}
	n, size := 0, 0
	for _, line := range o.waiting {
		if size += len(line); n > 0 && size > maxTogether {
			break
		}
		n++
	}
	return n
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
