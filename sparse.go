package tranship

import "io"

// ZeroReader is an ability of a Content: it knows runs of zero bytes that it need not read,
// such as the holes of a sparse file.
type ZeroReader interface {
	// ReadZeros skips zero bytes at the offset that it shares with Read. It returns how
	// many it skipped, at most most, which must be positive. It returns 0 if the next byte
	// is not known to be zero, and at the end: the caller then calls Read, which returns
	// at least one byte before the next known run, and io.EOF at the end. ReadZeros does not
	// read bytes to find out whether they are zero. The bytes that it skips count for the
	// checksum of the content. An error is one that Read would return, but not io.EOF. Like
	// Read, ReadZeros is not safe for concurrent use.
	ReadZeros(most int64) (int64, error)
}

// ZeroWriter is an ability of a PartWriter: it takes a run of zero bytes as a number. It
// does what Write of that many zero bytes does, with the same errors, checksums and limits.
// A store leaves a hole if it can.
type ZeroWriter interface {
	// WriteZeros writes n zero bytes; n must not be negative. Like Write, it is not safe
	// for concurrent use.
	WriteZeros(n int64) error
}

// zeroChunk is the number of bytes of one Write of WriteZeros.
const zeroChunk = 256 << 10

// WriteZeros writes n zero bytes to w: with its ZeroWriter if it has one, and otherwise
// with Write or WriteChunk.
func WriteZeros(w io.Writer, n int64) error {
	if w, ok := As[ZeroWriter](w); ok {
		return w.WriteZeros(n)
	}
	zeros := make([]byte, min(n, zeroChunk))
	for n > 0 {
		length := min(n, zeroChunk)
		chunk := NewChunk([][]byte{zeros[:length:length]}, ZerosCRC32C(length), nil)
		if err := WriteChunk(w, chunk); err != nil {
			return err
		}
		n -= length
	}
	return nil
}

// ZerosCRC32C returns the checksum of n zero bytes; n must not be negative. It takes time
// logarithmic in n.
func ZerosCRC32C(n int64) uint32 {
	// The register of a CRC begins with all bits set, and is inverted at the end.
	return ^CombineCRC32C(^uint32(0), 0, n)
}
