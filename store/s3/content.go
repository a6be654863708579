package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync/atomic"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// content implements tranship.Content. It asks for the rest of the file again if the
// connection is cut.
type content struct {
	ctx    context.Context
	cancel context.CancelFunc
	store  *Store
	opened *object
	body   io.ReadCloser
	// next is the next byte to read, and end the one after the last.
	next, end int64
	// whole is set if the content is all of the file, and so has its checksum.
	whole bool
	crc   uint32
	// failures counts the cuts since the last byte.
	failures int
	closed   atomic.Bool
}

var _ tranship.RangeReader = (*content)(nil)

// newContent returns the content that options select of a file. body has its bytes, or is nil.
func (s *Store) newContent(ctx context.Context, opened *object, options tranship.OpenOptions, body io.ReadCloser) *content {
	c := &content{store: s, opened: opened, body: body, next: options.Offset, end: opened.file.Size}
	c.ctx, c.cancel = context.WithCancel(ctx)
	if options.Length != nil {
		c.end = options.Offset + min(*options.Length, c.end-options.Offset)
	}
	c.whole = c.next == 0 && c.end == opened.file.Size
	return c
}

func (c *content) File() tranship.File { return tranship.Attributes{}.Apply(c.opened.file) }

// resumptions is how often a content asks for the rest of a file without receiving a byte.
const resumptions = 5

func (c *content) Read(buffer []byte) (int, error) {
	if c.closed.Load() {
		return 0, fs.ErrClosed
	}
	for {
		if err := c.ctx.Err(); err != nil {
			return 0, err
		}
		if c.next == c.end {
			return 0, c.verify()
		}
		if len(buffer) == 0 {
			return 0, nil
		}
		if c.body == nil {
			body, err := c.store.get(c.ctx, c.opened, c.next, c.end)
			if err != nil {
				return 0, err
			}
			c.body = body
		}
		n, err := c.body.Read(buffer[:min(int64(len(buffer)), c.end-c.next)])
		c.next += int64(n)
		if c.whole {
			c.crc = tranship.UpdateCRC32C(c.crc, buffer[:n])
		}
		if n > 0 {
			c.failures = 0
			return n, nil
		}
		if err == nil {
			continue
		}
		_ = c.body.Close() // another request follows
		c.body = nil
		if c.failures++; c.failures > resumptions {
			return 0, fmt.Errorf("%w: the S3 engine cut the content of %s at byte %d: %w", tranship.ErrUnavailable, c.opened.file.Path, c.next, err)
		}
	}
}

// verify returns io.EOF, or tranship.ErrIntegrity if the bytes are not those that were stored.
func (c *content) verify() error {
	if want := c.opened.file.CRC32C; c.whole && want != nil && *want != c.crc {
		return failure.WrongChecksum(c.opened.file.Path, c.crc, *want)
	}
	return io.EOF
}

// ReadAt implements tranship.RangeReader.
func (c *content) ReadAt(buffer []byte, offset int64) (int, error) {
	if offset < 0 {
		return 0, &tranship.InvalidError{Field: "offset", Rule: "an offset must not be negative"}
	}
	if c.closed.Load() {
		return 0, fs.ErrClosed
	}
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	size := c.opened.file.Size
	wanted := int(min(int64(len(buffer)), max(size-offset, 0)))
	n := 0
	for failures := 0; n < wanted; {
		body, err := c.store.get(c.ctx, c.opened, offset+int64(n), offset+int64(wanted))
		if err != nil {
			if c.closed.Load() {
				err = fs.ErrClosed
			}
			return n, err
		}
		got, err := io.ReadFull(body, buffer[n:wanted])
		_ = body.Close() // it was only read from
		if n += got; got > 0 {
			failures = 0
		}
		if failures++; err != nil && failures > resumptions {
			return n, fmt.Errorf("%w: the S3 engine cut a range of %s: %w", tranship.ErrUnavailable, c.opened.file.Path, err)
		}
	}
	if n < len(buffer) {
		return n, io.EOF
	}
	return n, nil
}

func (c *content) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	c.cancel()
	if c.body == nil {
		return nil
	}
	if err := c.body.Close(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("closing the content of %s: %w", c.opened.file.Path, err)
	}
	return nil
}
