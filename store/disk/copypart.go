package disk

import (
	"context"
	"io"
	"math"

	"github.com/tranship/tranship"
)

// copyBuffer is the size in bytes of the buffer of CopyPart.
const copyBuffer = 256 << 10

// CopyPart implements tranship.Upload. It copies through memory, because it has to compute
// the part's checksum.
func (u *upload) CopyPart(ctx context.Context, n int, source string, options tranship.OpenOptions) (err error) {
	defer u.store.explain(&err)
	if err := admit(ctx, source); err != nil {
		return err
	}
	if err := u.parts.AdmitPart(int64(n)); err != nil {
		return err
	}
	if err := u.admitWriter(); err != nil {
		return err
	}
	length := min(u.parts.PartSize(), u.parts.Size()-int64(n)*u.parts.PartSize())
	options.Length = &length
	content, err := u.store.Open(ctx, source, options)
	if err != nil {
		return err
	}
	defer content.Close()
	if content.File().Size-options.Offset < length {
		return &tranship.InvalidError{Field: "offset", Rule: "the source must have as many bytes from the offset as the part"}
	}
	writer, err := u.parts.Part(ctx, int64(n), u.writableLocked)
	if err != nil {
		return err
	}
	if err := copyContent(writer, content, length); err != nil {
		writer.Discard()
		return err
	}
	return writer.Close()
}

// copyContent copies with Read, which io.Copy might bypass: only Read verifies the checksum.
// Holes of the source stay holes.
func copyContent(writer io.Writer, content tranship.Content, length int64) error {
	buffer := make([]byte, min(length, copyBuffer))
	zeros, _ := tranship.As[tranship.ZeroReader](content)
	for {
		if zeros != nil {
			n, err := zeros.ReadZeros(math.MaxInt64)
			if err != nil {
				return err
			}
			if n > 0 {
				if err := tranship.WriteZeros(writer, n); err != nil {
					return err
				}
				continue
			}
		}
		n, err := content.Read(buffer)
		if n > 0 {
			if _, err := writer.Write(buffer[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
