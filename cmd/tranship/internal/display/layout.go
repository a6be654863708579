package display

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/mattn/go-runewidth"

	"github.com/tranship/tranship/internal/bytesize"
	"github.com/tranship/tranship/internal/printable"
)

const (
	// leastName is how many columns names get before other parts of a line are left out.
	leastName = 12
	// leastBar and mostBar bound the columns of a bar, with its brackets.
	leastBar, mostBar = 12, 42
)

// row is what one line shows.
type row struct {
	name string
	// size is -1 if it is unknown.
	done, size int64
	// speed and left are "" if they are unknown or those of another row.
	speed, left string
}

// layout returns a line for each row, of at most so many columns. Where the columns do not
// suffice for everything, it leaves out the time left, then the amounts, then the speed, then
// the bar, and cuts names; the percentage stays longest.
func layout(rows []row, columns int) []string {
	names := make([]string, len(rows))
	longest := 0
	for i, r := range rows {
		names[i] = printable.Text(r.name)
		longest = max(longest, runewidth.StringWidth(names[i]))
	}
	for detail := allDetails; ; detail-- {
		widest := 0
		for _, r := range rows {
			widest = max(widest, len(r.numbers(detail)))
		}
		rest := columns - widest - 1
		switch {
		case rest >= min(longest, leastName)+1+leastBar:
			bar := min(max(leastBar, rest-1-longest), mostBar)
			return lines(rows, names, detail, min(longest, rest-1-bar), bar)
		case detail == 0:
			return lines(rows, names, detail, min(longest, max(rest, 0)), 0)
		}
	}
}

// lines formats rows with so many columns for the name and for the bar.
func lines(rows []row, names []string, detail, name, bar int) []string {
	all := make([]string, len(rows))
	for i, r := range rows {
		var parts []string
		if name > 0 {
			parts = append(parts, runewidth.FillRight(runewidth.Truncate(names[i], name, "…"), name))
		}
		if bar > 0 {
			parts = append(parts, r.bar(bar))
		}
		all[i] = strings.Join(append(parts, r.numbers(detail)), " ")
	}
	return all
}

// allDetails is the largest detail of row.numbers.
const allDetails = 3

// numbers returns the numbers of a line. The smallest detail is 0.
func (r row) numbers(detail int) string {
	var parts []string
	if r.size >= 0 {
		parts = append(parts, fmt.Sprintf("%3d%%", Percent(r.done, r.size)))
	}
	switch amount := bytesize.Text(float64(r.done)); {
	case r.size < 0:
		parts = append(parts, amount)
	case detail >= 2:
		parts = append(parts, amount+"/"+bytesize.Text(float64(r.size)))
	}
	if detail >= 1 && r.speed != "" {
		parts = append(parts, r.speed)
	}
	if detail >= 3 && r.left != "" {
		parts = append(parts, r.left)
	}
	return strings.Join(parts, " ")
}

// bar returns a bar of so many columns; an empty one if the size is unknown.
func (r row) bar(columns int) string {
	inside := columns - 2
	full := 0
	if r.size >= 0 {
		full = inside * Percent(r.done, r.size) / 100
	}
	bar := strings.Repeat("=", full)
	if full > 0 && full < inside {
		bar = bar[1:] + ">"
	}
	return "[" + bar + strings.Repeat("-", inside-full) + "]"
}

// rowsOf returns the rows of a state: the files in flight, if the copy has several, and then
// the whole copy, and at most so many.
func rowsOf(s state, rate float64, most int) []row {
	total := row{name: filesText(s), done: s.done, size: s.bytes, speed: bytesize.Text(rate) + "/s"}
	if !s.final {
		total.size = -1
	}
	if left := s.timeLeft(rate); left > 0 {
		total.left = durationText(left) + " left"
	}
	if s.files <= 1 {
		total.name = ""
		if len(s.flying) == 1 {
			total.name = s.flying[0].name
		}
		return []row{total}
	}
	var rows []row
	for _, f := range s.flying[:max(0, min(len(s.flying), maxFileRows, most-1))] {
		rows = append(rows, row{name: f.name, done: f.done, size: f.size})
	}
	return append(rows, total)
}

// linesOf returns the lines of a state on a screen of a size, in columns and rows; 0 of
// either means unknown.
func linesOf(s state, rate float64, columns, rows int) []string {
	columns, rows = cmp.Or(columns, unknownColumns), cmp.Or(rows, unknownRows)
	// A line that fills the last column leaves some terminals at the end of it and others on
	// the next. The line above the bars stays visible where there is room.
	return layout(rowsOf(s, rate, max(rows-1, 1)), max(columns-1, 1))
}
