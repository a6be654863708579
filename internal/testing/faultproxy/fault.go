package faultproxy

import "time"

// Direction is where bytes go.
type Direction int

// The directions of a connection.
const (
	// Up is from the client to the server.
	Up Direction = iota
	// Down is from the server to the client.
	Down
)

// Link says what happens to one connection. The zero value is a perfect one.
type Link struct {
	Up, Down Faults
}

// Faults are those of one direction of a connection. Offsets count the bytes of that
// direction from 0; nil: never. Of several at one offset, the cut comes before the
// freeze, and that before the stall.
type Faults struct {
	// CutAfter closes the connection, at both ends, when so many bytes have been
	// passed on. What the receiver has not read by then may be lost to it.
	CutAfter *int64
	// FreezeAfter makes the connection half-open when so many bytes have been
	// passed on: see Proxy.Freeze.
	FreezeAfter *int64
	// StallAfter stops this direction when so many bytes have been passed on.
	// The other direction goes on, and the connection stays open until one end
	// is seen to close it there.
	StallAfter *int64
	// FlipAt is the offset of a byte whose bits FlipMask names are flipped; a
	// zero mask flips the lowest.
	FlipAt   *int64
	FlipMask byte
	// Latency is how long each byte takes at least.
	Latency time.Duration
	// BytesPerSecond is how fast bytes pass at most; 0: as fast as they can.
	BytesPerSecond int64
}

// next is how many of n bytes pass before something happens to the connection,
// where passed are through.
func (f Faults) next(passed, n int64) int64 {
	for _, offset := range []*int64{f.CutAfter, f.FreezeAfter, f.StallAfter} {
		if offset != nil && *offset > passed {
			n = min(n, *offset-passed)
		}
	}
	if f.BytesPerSecond > 0 {
		// Fifty steps a second look even to a receiver.
		n = min(n, max(1, f.BytesPerSecond/50))
	}
	return n
}

// damage flips what is to be flipped in data, which begins at offset.
func (f Faults) damage(data []byte, offset int64) {
	if f.FlipAt == nil || *f.FlipAt < offset || *f.FlipAt >= offset+int64(len(data)) {
		return
	}
	mask := f.FlipMask
	if mask == 0 {
		mask = 1
	}
	data[*f.FlipAt-offset] ^= mask
}

// at reports whether an offset has been reached.
func at(offset *int64, passed int64) bool { return offset != nil && passed >= *offset }
