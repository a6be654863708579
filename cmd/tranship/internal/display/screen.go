package display

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"
)

// screen draws lines at the end of a terminal, over those that it drew before. The cursor
// stays at the beginning of the last line, so that what the terminal echoes, such as ^C, is
// erased with it. It is safe for concurrent use.
type screen struct {
	out io.Writer
	// file is out if that is a file, and otherwise nil.
	file *os.File
	// measure returns the size of the terminal; 0 for what is unknown.
	measure func() (columns, rows int)

	mu sync.Mutex
	// lines are on the terminal.
	lines  []string
	closed bool
	// release ends the handling of signals; nil before the first lines.
	release func()
}

func newScreen(out io.Writer) *screen {
	s := &screen{out: out, file: fileOf(out)}
	s.measure = s.size
	return s
}

// fileOf returns the file that an output writes to; nil if it is not one.
func fileOf(out io.Writer) *os.File {
	if wrapped, ok := out.(interface{ Unwrap() io.Writer }); ok {
		out = wrapped.Unwrap()
	}
	file, _ := out.(*os.File)
	return file
}

// size returns the size of the terminal; 0 for what is unknown.
func (s *screen) size() (columns, rows int) {
	if s.file != nil {
		if columns, rows, err := term.GetSize(int(s.file.Fd())); err == nil {
			return max(columns, 0), max(rows, 0)
		}
	}
	return 0, 0
}

// Write implements io.Writer. p must be whole lines: they stand above the lines that are
// drawn.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.lines) == 0 {
		return s.out.Write(p)
	}
	drawn := s.lines
	erased := s.eraseLocked()
	n, err := s.out.Write(append([]byte(erased), p...))
	if err == nil {
		s.putLocked("", drawn)
	}
	return max(0, n-len(erased)), err
}

// draw replaces what was drawn. It does nothing in the background, where the terminal
// belongs to another program, and after close.
func (s *screen) draw(lines func(columns, rows int) []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || !inForeground(s.file) {
		return
	}
	if s.release == nil {
		s.release = s.handleStops()
	}
	s.putLocked(s.eraseLocked(), lines(s.measure()))
}

// erase removes what was drawn, until something is drawn again.
func (s *screen) erase() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writeEraseLocked()
}

func (s *screen) writeEraseLocked() {
	if erased := s.eraseLocked(); erased != "" {
		_, _ = io.WriteString(s.out, erased) // there is no other place to report it
	}
}

// forget leaves what was drawn where it is: the cursor is elsewhere now.
func (s *screen) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = nil
}

// close removes what was drawn. Nothing is drawn afterwards.
func (s *screen) close() {
	s.mu.Lock()
	s.writeEraseLocked()
	release := s.release
	s.closed, s.release = true, nil
	s.mu.Unlock()
	if release != nil {
		release()
	}
}

// putLocked writes before and lines at once, so that the terminal does not flicker.
func (s *screen) putLocked(before string, lines []string) {
	if _, err := io.WriteString(s.out, before+strings.Join(lines, "\r\n")+"\r"); err != nil {
		s.closed = true // the terminal failed
		return
	}
	s.lines = lines
}

// eraseLocked returns what erases the lines, which are then gone. A terminal that has become
// narrower has broken them into several.
func (s *screen) eraseLocked() string {
	if len(s.lines) == 0 {
		return ""
	}
	columns, _ := s.measure()
	up := 0
	for i, line := range s.lines {
		if i > 0 {
			up++
		}
		// The cursor is at the beginning of the last line.
		if width := runewidth.StringWidth(line); columns > 0 && i < len(s.lines)-1 {
			up += max(width-1, 0) / columns
		}
	}
	s.lines = nil
	if up == 0 {
		return "\r\x1b[J"
	}
	return fmt.Sprintf("\r\x1b[%dA\x1b[J", up)
}
