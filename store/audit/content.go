package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"

	"github.com/tranship/tranship"
)

// Open implements tranship.Reader. The line of the read is written when the content is
// closed, or when Open fails.
func (s *store) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	if err := s.log.output.ready(); err != nil {
		return nil, err
	}
	inner, err := s.inner.Open(ctx, path, options)
	c := &content{Content: inner, ctx: ctx, log: s.log.lines, path: path, offset: options.Offset, err: err}
	if err != nil {
		c.done()
		return nil, err
	}
	c.chunks, _ = tranship.As[tranship.ChunkReader](inner)
	c.ranges, _ = tranship.As[tranship.RangeReader](inner)
	c.zeros, _ = tranship.As[tranship.ZeroReader](inner)
	return c, nil
}

// Fetch implements tranship.Fetcher. Its line is that of a read.
func (s *store) Fetch(ctx context.Context, path string, size int64) (tranship.File, []byte, error) {
	if err := s.log.output.ready(); err != nil {
		return tranship.File{}, nil, err
	}
	file, data, err := tranship.Fetch(ctx, s.inner, path, size)
	fetchDone(ctx, s.log.lines, tranship.FetchItem{Path: path, Size: size}, tranship.FetchResult{File: file, Data: data, Err: err})
	return file, data, err
}

// content counts the bytes that are read.
type content struct {
	tranship.Content
	// chunks is nil if the inner content has no chunks.
	chunks tranship.ChunkReader
	// ranges is nil if the inner content does not read ranges.
	ranges tranship.RangeReader
	// zeros is nil if the inner content knows no runs of zeros.
	zeros  tranship.ZeroReader
	ctx    context.Context
	log    lines
	path   string
	offset int64

	// mu guards the fields below, because ranges are read concurrently.
	mu   sync.Mutex
	read int64
	// whole is set once the content was read to its end. err is the last error of a read.
	whole, closed bool
	err           error
}

// Read implements tranship.Content.
func (c *content) Read(buffer []byte) (int, error) {
	n, err := c.Content.Read(buffer)
	c.count(int64(n), err)
	return n, err
}

func (c *content) count(n int64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read += n
	switch {
	case errors.Is(err, io.EOF):
		c.whole = true
	case err != nil:
		c.err = err
	}
}

// Close implements tranship.Content.
func (c *content) Close() error {
	err := c.Content.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.closed = true
		c.done()
	}
	return err
}

func (c *content) done() {
	c.log.done(c.ctx, "read", c.err, pathAttr(c.path), slog.Int64("offset", c.offset), bytesAttr(c.read), slog.Bool("whole", c.whole))
}

// ReadAt implements tranship.RangeReader. Its bytes count with the others. It does not set
// whole, because ranges do not show whether everything was read.
func (c *content) ReadAt(buffer []byte, offset int64) (int, error) {
	if c.ranges == nil {
		return 0, fmt.Errorf("%w: the content reads no ranges", tranship.ErrUnsupported)
	}
	n, err := c.ranges.ReadAt(buffer, offset)
	if errors.Is(err, io.EOF) {
		c.count(int64(n), nil)
	} else {
		c.count(int64(n), err)
	}
	return n, err
}

// ReadZeros implements tranship.ZeroReader. Zeros count with the other bytes.
func (c *content) ReadZeros(most int64) (int64, error) {
	if c.zeros == nil {
		return 0, nil
	}
	n, err := c.zeros.ReadZeros(most)
	c.count(n, err)
	return n, err
}

// ReadChunk implements tranship.ChunkReader.
func (c *content) ReadChunk() (tranship.Chunk, error) {
	if c.chunks == nil {
		return tranship.Chunk{}, fmt.Errorf("%w: the content has no chunks", tranship.ErrUnsupported)
	}
	next, err := c.chunks.ReadChunk()
	c.count(int64(next.Len()), err)
	return next, err
}
