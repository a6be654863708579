package rootfs

import (
	"io/fs"
	"os"
)

const (
	// leastSparse is the size in bytes of the smallest file in which FindHoles finds holes.
	leastSparse = 1 << 20
	// leastHole is the length in bytes of the shortest hole that counts: to pass on a
	// shorter one as a number costs more than to read its zeros.
	leastHole = 64 << 10
	// holeStride is the greatest number of bytes that one search for a hole covers.
	holeStride = 16 << 20
)

// Holes knows the holes of an open file. The file reads as zeros in them. A nil *Holes is that
// of a file without holes. It is not safe for concurrent use; one file may have several.
type Holes struct {
	file *os.File
	size int64
	// Up to start there are no holes from where the last look began, at from. A hole
	// follows, up to end, unless they are equal.
	from, start, end int64
}

// FindHoles returns the holes of a file; nil if info, a recent Stat, shows that it has none:
// the file is not larger than 1 MiB, or has as many blocks as its size needs, or the system
// does not report its blocks. FindHoles makes no system calls.
func FindHoles(file *os.File, info fs.FileInfo) *Holes {
	if info.Size() <= leastSparse || !isSparse(info) {
		return nil
	}
	return &Holes{file: file, size: info.Size()}
}

// Next returns the next hole at or after offset: start is where it begins, and end the first
// byte after it. If start is end, there are no holes between offset and start, which is
// greater than offset unless offset is the end of the file. A file system that does not
// know holes has none.
func (h *Holes) Next(offset int64) (start, end int64) {
	if offset < h.from || offset >= h.end {
		h.from = offset
		h.start, h.end = h.look(offset)
	}
	return max(h.start, offset), h.end
}

func (h *Holes) look(offset int64) (start, end int64) {
	for at := offset; at < h.size; {
		start, err := seekHole(h.file, at)
		if err != nil || start >= h.size {
			break
		}
		end, err := seekData(h.file, start)
		switch {
		case isPastData(err):
			end = h.size
		case err != nil:
			return h.size, h.size
		}
		if end = min(end, h.size); end-start >= leastHole {
			return start, end
		}
		// So that the holes of a file cost at most two calls for each leastHole bytes.
		at = max(end, start+leastHole)
		if at-offset >= holeStride {
			at = min(at, h.size)
			return at, at
		}
	}
	return h.size, h.size
}
