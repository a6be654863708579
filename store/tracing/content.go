package tracing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/tranship/tranship"
)

// Open implements tranship.Reader. The span ends when the content is closed.
func (s *store) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	span := s.tracer.Begin(ctx, Operation{Kind: Download, Path: path, Offset: options.Offset})
	if span == nil {
		return s.Store.Open(ctx, path, options)
	}
	inner, err := s.Store.Open(span.Context(ctx), path, options)
	if err != nil {
		span.End(Result{Err: err})
		return nil, err
	}
	c := &content{Content: inner, span: span}
	c.chunks, _ = tranship.As[tranship.ChunkReader](inner)
	c.ranges, _ = tranship.As[tranship.RangeReader](inner)
	c.zeros, _ = tranship.As[tranship.ZeroReader](inner)
	return c, nil
}

// content counts the bytes that are read. chunks, ranges and zeros are nil if the inner content
// has no such ability.
type content struct {
	tranship.Content
	chunks tranship.ChunkReader
	ranges tranship.RangeReader
	zeros  tranship.ZeroReader
	span   Span
	once   sync.Once

	// mu guards the fields below, because ranges are read concurrently.
	mu      sync.Mutex
	bytes   int64
	failure error
}

func (c *content) count(n int64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bytes += n
	if err != nil && !errors.Is(err, io.EOF) {
		c.failure = err
	}
}

// Read implements tranship.Content.
func (c *content) Read(buffer []byte) (int, error) {
	n, err := c.Content.Read(buffer)
	c.count(int64(n), err)
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

// ReadAt implements tranship.RangeReader.
func (c *content) ReadAt(buffer []byte, offset int64) (int, error) {
	if c.ranges == nil {
		return 0, fmt.Errorf("%w: the content reads no ranges", tranship.ErrUnsupported)
	}
	n, err := c.ranges.ReadAt(buffer, offset)
	c.count(int64(n), err)
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

// Close implements tranship.Content.
func (c *content) Close() error {
	err := c.Content.Close()
	c.once.Do(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.span.End(Result{Bytes: c.bytes, Err: c.failure})
	})
	return err
}
