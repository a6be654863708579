// Package verification reads files and compares them with the checksums that their store has.
package verification

import (
	"context"
	"io"

	"golang.org/x/time/rate"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// readBytes is how many bytes are read at once, and so how many a Pace allows in a burst.
const readBytes = 256 << 10

// Pace bounds the bytes that several readers together read in a second. The nil Pace has no bound.
// It is safe for concurrent use.
type Pace struct{ limiter *rate.Limiter }

// NewPace returns a Pace of so many bytes a second; nil for 0 or less.
func NewPace(bytesPerSecond int64) *Pace {
	if bytesPerSecond <= 0 {
		return nil
	}
	return &Pace{rate.NewLimiter(rate.Limit(bytesPerSecond), readBytes)}
}

// wait waits until n more bytes may be read, or returns the error of the context. n is at most
// readBytes.
func (p *Pace) wait(ctx context.Context, n int) error {
	if p == nil {
		return ctx.Err()
	}
	if err := p.limiter.WaitN(ctx, n); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		// The deadline of the context comes before the bytes may be read.
		return context.DeadlineExceeded
	}
	return nil
}

// Read reads a file to its end, and returns its checksum. It fails with tranship.ErrIntegrity if
// the file does not match the checksum that its store has. It calls progress, which may be nil,
// with the number of bytes that it has read so far.
func Read(ctx context.Context, content tranship.Content, pace *Pace, progress func(read int64)) (crc uint32, err error) {
	file := content.File()
	buffer := make([]byte, min(readBytes, max(file.Size, 1)))
	zeros, _ := tranship.As[tranship.ZeroReader](content)
	paid := int64(0) // how many bytes may be read: a store may read fewer at once than buffer has
	for read := int64(0); ; {
		if zeros != nil {
			n, err := zeros.ReadZeros(max(file.Size-read, 1))
			if err != nil {
				return 0, err
			}
			crc = tranship.CombineCRC32C(crc, tranship.ZerosCRC32C(n), n)
			read += n
		}
		if left := min(file.Size-read, readBytes); left > 0 && paid <= 0 {
			if err := pace.wait(ctx, int(left)); err != nil {
				return 0, err
			}
			paid = left
		}
		n, err := content.Read(buffer)
		crc = tranship.UpdateCRC32C(crc, buffer[:n])
		read += int64(n)
		paid -= int64(n)
		if progress != nil {
			progress(read)
		}
		switch {
		// A store may wrap the io.EOF of a connection that was cut.
		case err == io.EOF && file.CRC32C != nil && *file.CRC32C != crc:
			return 0, failure.WrongChecksum(file.Path, crc, *file.CRC32C)
		case err == io.EOF:
			return crc, nil
		case err != nil:
			return 0, err
		}
	}
}

// Check verifies the file at a path and returns it. The errors are those of tranship.Reader and
// tranship.Content.
type Check func(ctx context.Context, path string) (tranship.File, error)

// Reading returns the Check that reads files from a store, together so many bytes a second; 0
// means as many as it can.
func Reading(store tranship.Reader, bytesPerSecond int64) Check {
	pace := NewPace(bytesPerSecond)
	return func(ctx context.Context, path string) (tranship.File, error) {
		content, err := store.Open(ctx, path, tranship.OpenOptions{})
		if err != nil {
			return tranship.File{}, err
		}
		defer func() { _ = content.Close() }() // it was only read from
		_, err = Read(ctx, content, pace, nil)
		return content.File(), err
	}
}
