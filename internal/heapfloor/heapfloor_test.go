package heapfloor

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestPercentFor(t *testing.T) {
	f := heapFloor{percent: 50, floor: 12 << 20}
	for _, test := range []struct {
		live, scanned uint64
		want          int
	}{
		{0, 0, 300},
		{1, 1, 1000},
		{2 << 20, 2 << 20, 500},
		{6 << 20, 1 << 20, 100},
		{8 << 20, 8 << 20, 50},
		{12 << 20, 12 << 20, 50},
		{100 << 20, 100 << 20, 50},
		{100 << 20, 50 << 20, 31},
		{100 << 20, 0, plainPercent},
		{50 << 20, 0, 24}, // the floor
		{20 << 20, 0, 50},
		{100 << 20, 101 << 20, 50}, // the numbers are not of the same moment
	} {
		if got := f.percentFor(test.live, test.scanned); got != test.want {
			t.Errorf("%d bytes in use, %d with pointers: %d percent, want %d", test.live, test.scanned, got, test.want)
		}
	}
	f.percent = 10
	if got := f.percentFor(100<<20, 0); got != 10 {
		t.Errorf("of 10 percent for all bytes, %d are for those without pointers", got)
	}
}

// TestSet makes 256 MiB of garbage, of which hardly anything is in use at a time.
func TestSet(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(50))
	defer Set(50, 16<<20)()
	collections := func() uint32 {
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.NumGC
	}
	before := collections()
	for range 4096 {
		runtime.KeepAlive(make([]byte, 64<<10))
	}
	// 16 collections leave nothing, and 128 are what 50 percent would make of 4 MiB.
	if n := collections() - before; n > 64 {
		t.Errorf("%d collections", n)
	}
}
