package faultproxy

import "time"

// Direction is a direction of a connection.
type Direction int

// The directions of a connection.
const (
	// Up is from the client to the server.
	Up Direction = iota
	// Down is from the server to the client.
	Down
)

// Link describes the faults of one connection. The zero value has none.
type Link struct {
	Up, Down Faults
}

// Faults are those of one direction of a connection. Offsets count the bytes of that
// direction from 0; nil means never. If several faults have the same offset, the cut
// comes first, then the freeze, then the stall.
type Faults struct {
	// CutAfter closes the connection, at both ends, after so many bytes were forwarded.
	// Bytes that the receiver has not read by then may be lost.
	CutAfter *int64
	// FreezeAfter makes the connection half-open after so many bytes were forwarded: see
	// Proxy.Freeze.
	FreezeAfter *int64
	// StallAfter stops this direction after so many bytes were forwarded. The other
	// direction continues, and the connection stays open until one end closes it in that
	// direction.
	StallAfter *int64
	// FlipAt is the offset of a byte in which the bits of FlipMask are flipped. A zero
	// mask flips the lowest bit.
	FlipAt   *int64
	FlipMask byte
	// Latency is the least time that each byte takes.
	Latency time.Duration
	// BytesPerSecond is the maximum rate; 0 means unlimited.
	BytesPerSecond int64
}

// next returns how many of n bytes pass before the next fault, after passed bytes.
func (f Faults) next(passed, n int64) int64 {
	for _, offset := range []*int64{f.CutAfter, f.FreezeAfter, f.StallAfter} {
		if offset != nil && *offset > passed {
			n = min(n, *offset-passed)
		}
	}
	if f.BytesPerSecond > 0 {
		// Fifty steps a second seem even to a receiver.
		n = min(n, max(1, f.BytesPerSecond/50))
	}
	return n
}

// damage flips the bits of FlipAt if data, which begins at offset, includes that byte.
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
