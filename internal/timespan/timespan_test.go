package timespan_test

import (
	"testing"
	"time"

	"github.com/tranship/tranship/internal/timespan"
)

func TestParse(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"7d": 7 * day, "0d": 0, "100001d": 100_000 * day, "4294967295d": 100_000 * day,
		"12h": 12 * time.Hour, "1m30s": 90 * time.Second, "500ms": 500 * time.Millisecond, "-1h": -time.Hour, "0": 0,
	} {
		if got, ok := timespan.Parse(text); !ok || got != want {
			t.Errorf("%q: %v, %v; want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "d", "-1d", "1.5d", "1d12h", "4294967296d", "7 d", "7D", "1", "h", "9999999999h"} {
		if got, ok := timespan.Parse(text); ok {
			t.Errorf("%q: %v, want none", text, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("7d")
	f.Add("1m30s")
	f.Fuzz(func(t *testing.T, text string) {
		d, ok := timespan.Parse(text)
		if !ok {
			return
		}
		if again, ok := timespan.Parse(d.String()); !ok || again != d {
			t.Errorf("%q is %v, which is %v, %v", text, d, again, ok)
		}
	})
}
