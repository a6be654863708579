package display

import (
	"strings"

	"github.com/mattn/go-runewidth"
)

// terminal is an output that emulates the screen of a terminal, as far as bars use it.
type terminal struct {
	columns, rows int
	// lines are the screen, with a cell for each column: the text that begins there.
	lines       [][]string
	row, column int
	// written is all that was written.
	written strings.Builder
	escape  string
	// wrapped means that a line did not fit.
	wrapped bool
}

func newTerminal(columns, rows int) *terminal {
	t := &terminal{columns: columns, rows: rows}
	for range rows {
		t.lines = append(t.lines, make([]string, columns))
	}
	return t
}

// size returns the size, as screen.measure does.
func (t *terminal) size() (columns, rows int) { return t.columns, t.rows }

// Write implements io.Writer. A newline returns to the first column, too, as the terminal
// driver makes it.
func (t *terminal) Write(p []byte) (int, error) {
	t.written.Write(p)
	for _, r := range string(p) {
		t.put(r)
	}
	return len(p), nil
}

func (t *terminal) put(r rune) {
	switch {
	case t.escape != "" || r == '\x1b':
		t.escape += string(r)
		if r >= '@' && r != '[' {
			t.control(t.escape[2:])
			t.escape = ""
		}
	case r == '\r':
		t.column = 0
	case r == '\n':
		t.column = 0
		t.down()
	default:
		width := runewidth.RuneWidth(r)
		if width == 0 {
			return
		}
		if t.column+width > t.columns {
			t.column, t.wrapped = 0, true
			t.down()
		}
		t.lines[t.row][t.column] = string(r)
		t.column += width
	}
}

func (t *terminal) down() {
	if t.row++; t.row < t.rows {
		return
	}
	t.row = t.rows - 1
	t.lines = append(t.lines[1:], make([]string, t.columns))
}

// control performs an escape sequence, without its beginning.
func (t *terminal) control(sequence string) {
	switch {
	case sequence == "J":
		clear(t.lines[t.row][t.column:])
		for _, below := range t.lines[t.row+1:] {
			clear(below)
		}
	case strings.HasSuffix(sequence, "A"):
		up := 0
		for _, digit := range strings.TrimSuffix(sequence, "A") {
			up = 10*up + int(digit-'0')
		}
		t.row = max(0, t.row-up)
	default:
		panic("unexpected escape sequence " + sequence)
	}
}

// text returns the lines with text, without trailing spaces.
func (t *terminal) text() []string {
	var all []string
	for _, line := range t.lines {
		var text strings.Builder
		for column := 0; column < len(line); column++ {
			cell := line[column]
			if cell == "" {
				cell = " "
			}
			text.WriteString(cell)
			column += max(runewidth.StringWidth(cell), 1) - 1
		}
		if trimmed := strings.TrimRight(text.String(), " "); trimmed != "" {
			all = append(all, trimmed)
		}
	}
	return all
}
