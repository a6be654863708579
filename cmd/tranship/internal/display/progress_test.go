package display

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"testing"
	"time"
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
	for _, test := range []struct {
		done, total int64
		want        int
	}{{0, 10, 0}, {999, 1000, 99}, {10, 10, 100}, {11, 10, 100}, {0, 0, 100}, {-1, 10, 0}, {1 << 62, 1<<63 - 1, 50}} {
		if got := Percent(test.done, test.total); got != test.want {
			t.Errorf("%d of %d: %d%%, want %d%%", test.done, test.total, got, test.want)
		}
	}
}

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
