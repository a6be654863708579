// Package heapfloor makes a program with a small heap collect garbage less often. The runtime begins a
// collection when the heap has grown by a percentage of what is in use. If little is in use, that is
// several times for each megabyte that moves, and costs more than the few megabytes are worth.
package heapfloor

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

// leastHeap is the heap with which the runtime begins the first collection at 100 percent, in bytes:
// see the documentation of package runtime/debug.
const leastHeap = 4 << 20

// plainPercent is by how many percent of the bytes without pointers, such as the buffers of
// transfers, the heap may grow. A collection does not read them, so that more of them do not make it
// cost more, and it need not be less frequent.
const plainPercent = 12

// Set makes the runtime collect garbage when the heap has grown by so many percent of what is in
// use, as debug.SetGCPercent does, but not before it has floor bytes. Of bytes without pointers 12
// percent count, if that is less, and the heap has grown by floor bytes. A memory limit still applies.
// stop ends that: the percentage of that moment stays. A program should call Set once.
func Set(percent int, floor int64) (stop func()) {
	f := &heapFloor{percent: uint64(max(percent, 0)), floor: uint64(max(floor, 0))}
	f.adjust()
	return func() { f.stopped.Store(true) }
}

type heapFloor struct {
	percent, floor uint64
	stopped        atomic.Bool
}

// mark is an object that is garbage at once, so that a collection finds it.
type mark struct{ _ [64]byte }

// adjust sets the percentage for the heap that is in use, and runs again after the next collection.
func (f *heapFloor) adjust() {
	if f.stopped.Load() {
		return
	}
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/heap:bytes"}}
	metrics.Read(samples)
	debug.SetGCPercent(f.percentFor(samples[0].Value.Uint64(), samples[1].Value.Uint64()))
	runtime.AddCleanup(&mark{}, (*heapFloor).adjust, f)
}

// percentFor returns the percentage with which the next collection begins at the floor, or, if more
// is in use, after percent. live is what the last collection has left, and scanned how many bytes of
// that may have pointers; 0 before the first.
func (f *heapFloor) percentFor(live, scanned uint64) int {
	percent, needed := f.percent, f.floor*100/leastHeap
	if live > 0 {
		needed = (max(f.floor, live) - live) * 100 / live
		scanned = min(scanned, live)
		grown := (scanned*f.percent + (live-scanned)*plainPercent) / 100
		percent = min(max(grown, f.floor)*100/live, f.percent)
	}
	return int(min(max(percent, needed), 1000))
}
