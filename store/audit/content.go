package audit

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/chunk"
)

// Open implements tranship.Reader. The reading is written down when the content is
// closed.
func (s *store) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	if err := s.log.output.ready(); err != nil {
		return nil, err
	}
	inner, err := s.inner.Open(ctx, path, options)
	c := &content{Content: inner, ctx: ctx, log: s.log, path: path, offset: options.Offset, err: err}
	if err != nil {
		c.done()
		return nil, err
	}
	if reader, ok := inner.(chunk.Reader); ok {
		return &chunkContent{c, reader}, nil
	}
	return c, nil
}

// content counts what is read of it.
type content struct {
	tranship.Content
	ctx    context.Context
	log    *Log
	path   string
	offset int64
	read   int64
	// whole: all that was asked for was read; err is why not, if something failed.
	whole, closed bool
	err           error
}

// Read implements tranship.Content.
func (c *content) Read(buffer []byte) (int, error) {
	n, err := c.Content.Read(buffer)
	c.count(n, err)
	return n, err
}

func (c *content) count(n int, err error) {
	c.read += int64(n)
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
	if !c.closed {
		c.closed = true
		c.done()
	}
	return err
}

func (c *content) done() {
	c.log.done(c.ctx, "read", c.err, pathAttr(c.path), slog.Int64("offset", c.offset), bytesAttr(c.read), slog.Bool("whole", c.whole))
}

// chunkContent is a content whose inner one has its bytes in chunks.
type chunkContent struct {
	*content
	reader chunk.Reader
}

// ReadChunk implements chunk.Reader.
func (c *chunkContent) ReadChunk() (chunk.Chunk, error) {
	next, err := c.reader.ReadChunk()
	c.count(next.Len(), err)
	return next, err
}
