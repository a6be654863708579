package display

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"
)

// barsOn returns bars on an emulated terminal.
func barsOn(columns, rows int) (*bars, *terminal) {
	t := newTerminal(columns, rows)
	b := newBars(t)
	b.screen.measure = t.size
	return b, t
}

func TestBars(t *testing.T) {
	b, terminal := barsOn(100, 10)
	_, _ = fmt.Fprintln(b, "before")
	began := time.Unix(1000, 0)
	second := flightKey{"second", began}
	b.show(began, state{files: 2, bytes: 100 << 20, done: 50 << 20, final: true})
	b.show(began.Add(time.Second), state{files: 2, bytes: 100 << 20, done: 52 << 20, moved: 2 << 20, final: true, flying: []flight{
		{flightKey{"first", began}, "a\x1b[31mfile", 60 << 20, 51 << 20},
		{second, "a name that is longer than other names are", -1, 1 << 20},
	}})
	// Bytes that were at the target already count neither into the rate nor into the time
	// left.
	want := []string{
		"before",
		`a\x1b[31mfile                              [=======>--]  85% 51.0 MiB/60.0 MiB`,
		"a name that is longer than other names are [----------] 1.0 MiB",
		"0/2 files                                  [====>-----]  52% 52.0 MiB/100.0 MiB 2.0 MiB/s 0:24 left",
	}
	if got := terminal.text(); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	_, _ = fmt.Fprintln(b, "an error")
	b.show(began.Add(2*time.Second), state{
		files: 2, filesDone: 1, bytes: 100 << 20, done: 60 << 20, moved: 10 << 20, final: true,
		flying: []flight{{second, "second", 40 << 20, 0}},
	})
	_, _ = terminal.Write([]byte("^C")) // as the terminal echoes it
	_, _ = fmt.Fprintln(b, "a last error")
	b.end(began, state{})
	_, _ = fmt.Fprintln(b, "after")
	if got := terminal.text(); !slices.Equal(got, []string{"before", "an error", "a last error", "after"}) {
		t.Errorf("left: %q", got)
	}
}

// TestBarsOnAnySize checks for terminals of many sizes that the bars fit, that they show at
// least a percentage, and that nothing of them is left.
func TestBarsOnAnySize(t *testing.T) {
	began := time.Unix(1000, 0)
	names := []string{"f", "\u6587\u4ef6\u5939\u4e2d\u7684\u4e00\u4e2a\u5f88\u957f\u7684\u540d\u5b57.dcm", "e\u0301\u0301.bin", "a-name-of-more-than-forty-columns-in-ascii.tar.gz", "\u202eevil\x1b[2J"}
	for _, columns := range []int{1, 4, 8, 12, 20, 21, 30, 40, 60, 79, 80, 81, 132, 200} {
		for _, rows := range []int{1, 2, 3, 4, 10, 50} {
			b, terminal := barsOn(columns, rows)
			_, _ = fmt.Fprintln(b, "$ c")
			s := state{files: 20, bytes: 100 << 20, final: true}
			for i := range 12 {
				name := names[i%len(names)]
				s.flying = append(s.flying, flight{flightKey{fmt.Sprint(i), began}, name, 60 << 20, int64(i) << 20})
			}
			for second := range 5 {
				s.done, s.moved = int64(second)<<20, int64(second)<<20
				b.show(began.Add(time.Duration(second)*time.Second), s)
				shown := terminal.text()
				total := shown[len(shown)-1]
				if columns > 5 && !strings.Contains(total, fmt.Sprintf(" %d%%", second)) {
					t.Errorf("%d x %d: the last line is %q", columns, rows, total)
				}
				if second == 2 {
					_, _ = fmt.Fprintln(b, "oh")
				}
				s.flying = s.flying[2:]
			}
			if terminal.wrapped && columns > 5 {
				t.Errorf("%d x %d: a line was broken: %q", columns, rows, terminal.written.String())
			}
			b.end(began, s)
			left := terminal.text()
			if all := []string{"$ c", "oh"}; columns > 5 && (!slices.Equal(left, all[2-min(len(left), 2):]) || rows > 1 && len(left) == 0) {
				t.Errorf("%d x %d: left: %q", columns, rows, left)
			}
		}
	}
}

// TestNarrowedTerminal checks that bars are removed from a terminal that has broken their
// lines, because it has become narrower.
func TestNarrowedTerminal(t *testing.T) {
	for _, columns := range []int{79, 60, 40, 21} {
		wide, before := barsOn(80, 24)
		s := state{files: 3, bytes: 10 << 20, final: true, flying: []flight{{name: "one", size: 5 << 20}, {name: "two", size: 5 << 20}}}
		wide.show(time.Unix(1, 0), s)
		narrow := newTerminal(columns, 24)
		_, _ = fmt.Fprint(narrow, "kept\n")
		_, _ = fmt.Fprint(narrow, before.written.String())
		wide.screen.out, wide.screen.measure = narrow, narrow.size
		last := wide.screen.lines[len(wide.screen.lines)-1]
		narrow.row -= (runewidth.StringWidth(last) - 1) / columns // the cursor stays at the beginning of the line
		wide.end(time.Unix(2, 0), s)
		if left := narrow.text(); !slices.Equal(left, []string{"kept"}) {
			t.Errorf("%d columns: left: %q", columns, left)
		}
	}
}

// A copy that ends before the first state shows nothing, and one that was stopped draws in a
// new place.
func TestScreen(t *testing.T) {
	b, terminal := barsOn(80, 24)
	b.end(time.Now(), state{})
	b.show(time.Now(), state{files: 1})
	if terminal.written.Len() > 0 {
		t.Errorf("%q", terminal.written.String())
	}
	b, terminal = barsOn(80, 24)
	b.show(time.Now(), state{files: 1, flying: []flight{{name: "f", size: -1}}})
	_, _ = fmt.Fprint(terminal, "\n[1]+  Stopped\n$ fg\n")
	b.screen.forget()
	b.show(time.Now(), state{files: 1, flying: []flight{{name: "f", size: -1}}})
	b.end(time.Now(), state{})
	if got := terminal.text(); len(got) != 3 || got[1] != "[1]+  Stopped" || got[2] != "$ fg" {
		t.Errorf("%q", got)
	}
}

// When the terminal fails, errors are still passed on.
func TestBarsOnBrokenTerminal(t *testing.T) {
	b := newBars(broken{})
	b.show(time.Now(), state{files: 1})
	if _, err := fmt.Fprintln(b, "x"); err == nil {
		t.Error("no error")
	}
	b.show(time.Now(), state{files: 1, flying: []flight{{size: -1}}})
	b.end(time.Now(), state{})
}

type broken struct{}

// Write implements io.Writer.
func (broken) Write([]byte) (int, error) { return 0, errors.New("broken") }
