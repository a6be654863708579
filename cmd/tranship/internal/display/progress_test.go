package display

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship/internal/testing/program"
)

func TestPlain(t *testing.T) {
	var lines []string
	began := time.Unix(1000, 0)
	p := newPlain(func(line string) { lines = append(lines, line) }, began, 5*time.Second)
	at := func(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }
	// 50 MiB were at the target already: they count as done, but not into the rate.
	p.show(at(5), state{files: 1, bytes: 100 << 20, done: 55 << 20, moved: 5 << 20, final: true})
	p.show(at(10), state{files: 1, bytes: 100 << 20, done: 60 << 20, moved: 10 << 20, final: true})
	p.show(at(15), state{files: 3, filesDone: 1, done: 70 << 20, moved: 20 << 20})
	p.end(at(20), state{files: 1, bytes: 100 << 20, done: 100 << 20, moved: 50 << 20, final: true})
	want := []string{
		"55.0 MiB of 100.0 MiB (55%), 1.0 MiB/s, 0:45 left, 50.0 MiB already there",
		"60.0 MiB of 100.0 MiB (60%), 1.0 MiB/s, 0:40 left, 50.0 MiB already there",
		"70.0 MiB, 1.3 MiB/s, 50.0 MiB already there, 1/3+ files",
		"100.0 MiB of 100.0 MiB (100%), 2.5 MiB/s, took 0:20, 50.0 MiB already there",
	}
	if fmt.Sprint(lines) != fmt.Sprint(want) {
		t.Errorf("got  %q\nwant %q", lines, want)
	}
}

func TestRate(t *testing.T) {
	r := rate{window: 5 * time.Second}
	at := time.Unix(0, 0)
	for i := range 100 {
		// Fast at first, then 10 a second.
		n := int64(1000 + 10*i)
		if i == 0 {
			n = 0
		}
		r.add(at.Add(time.Duration(i)*time.Second), n)
	}
	if got := r.perSecond(); got != 10 {
		t.Errorf("%v a second", got)
	}
	if len(r.samples) > 7 {
		t.Errorf("%d samples", len(r.samples))
	}
	if got := (&rate{}).perSecond(); got != 0 {
		t.Errorf("%v a second of nothing", got)
	}
}

func TestTexts(t *testing.T) {
	for seconds, want := range map[float64]string{0: "0:00", 59.6: "1:00", 61: "1:01", 3600: "1h00m", 36061: "10h01m", 1e9: ">99h"} {
		if got := durationText(seconds); got != want {
			t.Errorf("%v s: %q, want %q", seconds, got, want)
		}
	}
	for bytes, want := range map[float64]string{0: "0 B", 999: "999 B", 1000: "1.0 KiB", 1 << 20: "1.0 MiB", 1 << 50: "1024.0 TiB"} {
		if got := BytesText(bytes); got != want {
			t.Errorf("%v bytes: %q, want %q", bytes, got, want)
		}
	}
	for _, test := range []struct {
		done, total int64
		want        int
	}{{0, 10, 0}, {999, 1000, 99}, {10, 10, 100}, {11, 10, 100}, {0, 0, 100}, {-1, 10, 0}, {1 << 62, 1<<63 - 1, 50}} {
		if got := Percent(test.done, test.total); got != test.want {
			t.Errorf("%d of %d: %d%%, want %d%%", test.done, test.total, got, test.want)
		}
	}
}

func TestBars(t *testing.T) {
	out := &program.Output{}
	b := &bars{out: out}
	_, _ = fmt.Fprintln(b, "before")
	began := time.Unix(1000, 0)
	first := flightKey{"first", began}
	second := flightKey{"second", began}
	b.show(began, state{files: 2, bytes: 100 << 20, done: 50 << 20, final: true})
	b.show(began.Add(time.Second), state{files: 2, bytes: 100 << 20, done: 52 << 20, moved: 2 << 20, final: true, flying: []flight{
		{first, "a\x1b[31mfile", 60 << 20, 51 << 20},
		{second, "a name much longer than its column", -1, 1 << 20},
	}})
	// Bytes that were at the target already count neither into the rate nor into the time
	// left.
	out.Await(t, "0/2 files ", " 52% 52.0 MiB/100.0 MiB 2.0 MiB/s 0:24 left",
		"a\\x1b[31mfile", " 85% 51.0 MiB/60.0 MiB", "a name much longe… ", " 1.0 MiB")
	_, _ = fmt.Fprintln(b, "an error")
	b.show(began.Add(2*time.Second), state{
		files: 2, filesDone: 1, bytes: 100 << 20, done: 60 << 20, moved: 10 << 20, final: true,
		flying: []flight{{second, "second", 40 << 20, 0}},
	})
	out.Await(t, "an error\n", "1/2 files ", " 60% 60.0 MiB/100.0 MiB 5.0 MiB/s 0:08 left")
	_, _ = fmt.Fprintln(b, "a last error")
	b.end(began, state{})
	_, _ = fmt.Fprintln(b, "after")
	text := out.String()
	if !strings.HasPrefix(text, "before\n") || !strings.HasSuffix(text, "after\n") || !strings.Contains(text, "a last error\n") {
		t.Errorf("%q", text)
	}
	// Nothing of the bars is left below the text.
	if last := text[strings.LastIndex(text, "\x1b[J"):]; strings.Contains(last, "MiB") {
		t.Errorf("left: %q", last)
	}
}

// A copy that ends before the first state shows nothing.
func TestBarsWithoutState(t *testing.T) {
	var out bytes.Buffer
	b := &bars{out: &out}
	b.end(time.Now(), state{})
	if out.Len() > 0 {
		t.Errorf("%q", out.String())
	}
}

// When the terminal fails, errors are still passed on.
func TestBarsOnBrokenTerminal(t *testing.T) {
	b := &bars{out: broken{}}
	b.show(time.Now(), state{files: 1})
	for {
		if _, err := fmt.Fprintln(b, "x"); err != nil {
			break
		}
	}
	b.show(time.Now(), state{files: 1, flying: []flight{{size: -1}}})
	b.end(time.Now(), state{})
}

type broken struct{}

// Write implements io.Writer.
func (broken) Write([]byte) (int, error) { return 0, errors.New("broken") }

func TestProgressModes(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	for mode, want := range map[Mode]string{
		Auto: "<nil>", None: "<nil>", Bars: "*display.bars", Plain: "*display.plain",
	} {
		for _, out := range []io.Writer{w, &bytes.Buffer{}} {
			got, _ := newDisplay(Config{Mode: mode, Interval: time.Second, Err: out})
			if text := fmt.Sprintf("%T", got); text != want {
				t.Errorf("%s: %s, want %s", mode, text, want)
			}
		}
	}
}
