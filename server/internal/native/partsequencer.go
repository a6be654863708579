package native

import (
	"context"
	"fmt"
	"math"

	"github.com/tranship/tranship"
)

// partSequencer writes the chunks of one slot into the parts of an upload. A chunk may
// cross parts. Each chunk follows the one before, or begins at the first byte of a part
// that the slot has not written.
type partSequencer struct {
	ctx    context.Context
	upload tranship.Upload
	size   *int64

	// offset is where the next byte goes.
	offset int64
	// writer is the writer of the part at offset; nil if it is not open.
	writer tranship.PartWriter
	// begun has the parts that the slot has written to.
	begun map[int64]struct{}
}

// write writes a chunk at offset, or after the chunk before if offset is nil. It releases
// the chunk. It calls count before it writes, after it has opened a part, which may wait for the
// memory of the store.
func (c *partSequencer) write(offset *int64, data tranship.Chunk, count func() error) error {
	length := int64(data.Len())
	if err := c.admit(offset, length); err != nil {
		data.Release()
		return err
	}
	partSize := c.upload.PartSize()
	for {
		left := partSize - c.offset%partSize
		if length <= left {
			return c.writePart(data, length, count)
		}
		var head tranship.Chunk
		head, data = data.Split(int(left))
		length -= left
		if err := c.writePart(head, left, count); err != nil {
			data.Release()
			return err
		}
	}
}

// admit goes to offset, and fails if length bytes must not follow.
func (c *partSequencer) admit(offset *int64, length int64) error {
	if offset != nil && (*offset != c.offset || c.begun == nil) {
		if err := c.jump(*offset); err != nil {
			return err
		}
	}
	if length > math.MaxInt64-c.offset || c.size != nil && length > *c.size-c.offset {
		return &tranship.InvalidError{
			Field: "chunk.data", Rule: fmt.Sprintf("%d bytes at offset %d reach beyond the declared size", length, c.offset),
		}
	}
	return nil
}

// writeZeros writes length zeros at offset, or after the chunk before if offset is nil.
func (c *partSequencer) writeZeros(offset *int64, length int64) error {
	if length <= 0 {
		return &tranship.InvalidError{Field: "zeros.length", Rule: fmt.Sprintf("%d is not positive", length)}
	}
	if err := c.admit(offset, length); err != nil {
		return err
	}
	partSize := c.upload.PartSize()
	if length > partSize-c.offset%partSize {
		return &tranship.InvalidError{Field: "zeros.length", Rule: fmt.Sprintf(
			"%d zeros at offset %d cross the end of a part of %d bytes", length, c.offset, partSize)}
	}
	if c.writer == nil {
		if err := c.open(c.offset / partSize); err != nil {
			return err
		}
	}
	if err := tranship.WriteZeros(c.writer, length); err != nil {
		return err
	}
	return c.advance(length)
}

// writePart writes length bytes, all of them to the current part.
func (c *partSequencer) writePart(data tranship.Chunk, length int64, count func() error) error {
	if length == 0 {
		data.Release()
		return nil
	}
	partSize := c.upload.PartSize()
	if c.writer == nil {
		if err := c.open(c.offset / partSize); err != nil {
			data.Release()
			return err
		}
	}
	if err := count(); err != nil {
		data.Release()
		return err
	}
	if err := tranship.WriteChunk(c.writer, data); err != nil {
		return err
	}
	return c.advance(length)
}

// advance moves length bytes forward in the current part, and closes the part at its end.
func (c *partSequencer) advance(length int64) error {
	c.offset += length
	// The last part, too, counts as soon as it is whole, although its stream may end now.
	if c.offset%c.upload.PartSize() == 0 || c.size != nil && c.offset == *c.size {
		return c.close()
	}
	return nil
}

// jump goes to offset, which must be the first byte of a part that the slot has not
// written, and empties that part.
func (c *partSequencer) jump(offset int64) error {
	partSize := c.upload.PartSize()
	_, again := c.begun[offset/partSize]
	if offset < 0 || offset%partSize != 0 || again {
		return &tranship.InvalidError{Field: "chunk.offset", Rule: fmt.Sprintf(
			"%d leaves a gap or overlap: must be %d, or the first byte of a part that the slot has not written", offset, c.offset)}
	}
	if err := c.close(); err != nil {
		return err
	}
	c.offset = offset
	return c.open(offset / partSize)
}

// copyPart fills the part that begins at offset from a file of the store, and goes
// to its end.
func (c *partSequencer) copyPart(offset int64, source string, options tranship.OpenOptions) error {
	partSize := c.upload.PartSize()
	part := offset / partSize
	if _, again := c.begun[part]; offset < 0 || offset%partSize != 0 || again || part > math.MaxInt32 {
		return &tranship.InvalidError{Field: "copy_part.offset", Rule: fmt.Sprintf(
			"%d is not the first byte of a part that the slot has not written", offset)}
	}
	if err := c.close(); err != nil {
		return err
	}
	c.mark(part)
	if err := c.upload.CopyPart(c.ctx, int(part), source, options); err != nil {
		return err
	}
	c.offset = offset + partSize
	if c.size != nil {
		c.offset = min(c.offset, *c.size)
	}
	return nil
}

// mark records that the slot has written to a part.
func (c *partSequencer) mark(part int64) {
	if c.begun == nil {
		c.begun = map[int64]struct{}{}
	}
	c.begun[part] = struct{}{}
}

func (c *partSequencer) open(part int64) error {
	if part > math.MaxInt32 {
		return &tranship.InvalidError{Field: "chunk.offset", Rule: fmt.Sprintf("%d is beyond what an upload can hold", c.offset)}
	}
	if _, again := c.begun[part]; again {
		return &tranship.InvalidError{Field: "chunk.offset", Rule: fmt.Sprintf(
			"%d overlaps a part that the slot has already written", c.offset)}
	}
	writer, err := c.upload.Part(c.ctx, int(part))
	if err != nil {
		return err
	}
	c.writer = writer
	c.mark(part)
	return nil
}

// close ends the current part, if any.
func (c *partSequencer) close() error {
	if c.writer == nil {
		return nil
	}
	writer := c.writer
	c.writer = nil
	return writer.Close()
}
