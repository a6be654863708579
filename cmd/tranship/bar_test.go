package main

import (
	"bytes"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/tranship/tranship/transfer"
)

func TestBarLine(t *testing.T) {
	for _, test := range []struct {
		count transfer.Count
		rate  float64
		want  string
	}{
		{transfer.Count{Files: 1, Bytes: 2048, BytesDone: 1024, Final: true}, 512, "[##########----------]  50%  1.0 KiB of 2.0 KiB  512 B/s  0:02 left"},
		{transfer.Count{Files: 1, Final: true}, 0, "0 B  0 B/s"},
		{transfer.Count{Files: 1, Bytes: 1 << 20, BytesDone: 1 << 20, Final: true}, 1 << 20, "[####################] 100%  1.0 MiB of 1.0 MiB  1.0 MiB/s"},
		// The size of the standard input is not known.
		{transfer.Count{Files: 1, BytesDone: 5 << 30}, 1 << 30, "5.0 GiB  1.0 GiB/s"},
		// Not all is listed yet.
		{transfer.Count{Files: 10, FilesDone: 3, Bytes: 100, BytesDone: 30}, 10, "30 B  10 B/s  3/10+ files"},
		{transfer.Count{Files: 10, FilesDone: 3, Bytes: 1 << 50, BytesDone: 0, Final: true}, 1, "[--------------------]   0%  0 B of 1024.0 TiB  1 B/s  >99h left  3/10 files"},
		// A file that grew.
		{transfer.Count{Files: 1, Bytes: 10, BytesDone: 20, Final: true}, 1, "[####################] 100%  20 B of 10 B  1 B/s"},
	} {
		got := barLine(test.count, test.rate)
		if got != test.want {
			t.Errorf("got  %q\nwant %q", got, test.want)
		}
		if len(got) >= 80 {
			t.Errorf("%q has %d columns", got, len(got))
		}
	}
	for seconds, want := range map[float64]string{0: "0:00", 59.6: "1:00", 61: "1:01", 3600: "1h00m", 36061: "10h01m"} {
		if got := durationText(seconds); got != want {
			t.Errorf("%v s: %q, want %q", seconds, got, want)
		}
	}
}

func TestRate(t *testing.T) {
	var r rate
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
}

// An error stands on a line of its own, and the bar below it.
func TestLineWriter(t *testing.T) {
	var out bytes.Buffer
	w := &lineWriter{out: &out}
	_, _ = fmt.Fprintln(w, "first")
	w.show("50%")
	_, _ = fmt.Fprintln(w, "second")
	w.show("60%")
	w.show("")
	w.show("")
	const e = eraseLine
	if want := "first\n" + e + "50%" + e + "second\n50%" + e + "60%" + e; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

func TestNoBarOnPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	if isTerminal(w) || isTerminal(&bytes.Buffer{}) {
		t.Error("a pipe is no terminal")
	}
}
