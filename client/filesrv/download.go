package filesrv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/wire"
)

// Open begins to read the file at path. Its File has only the path, and size -1,
// because the protocol does not tell the size. ErrNotFound: there is no file.
// ErrUnsupported: the options are not zero; the protocol has no ranges and
// versions.
func (c *Client) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	if options != (tranship.OpenOptions{}) {
		return nil, fmt.Errorf("%w: this protocol has no ranges and versions of files", tranship.ErrUnsupported)
	}
	ctx, cancel := context.WithCancel(ctx)
	r, err := c.receive(ctx, path, c.options.Revision)
	if err == nil {
		_, err = r.first()
	}
	if err != nil {
		cancel()
		return nil, err
	}
	return &content{receiver: r, path: path, cancel: cancel, single: true}, nil
}

// Download receives all files that a name stands for, from a server of revision 2:
// the file of that path, or all files below a directory, or those that a pattern
// with '*', '?' and '[...]' matches. A server of revision 1 has only files. Each
// content is to be read before the next is asked for; what was not read is then
// skipped. Paths are valid, but beyond that whatever the server likes. ErrNotFound:
// the name stands for nothing. ErrIntegrity: the server sent an invalid path. After
// an error it yields nothing more.
func (c *Client) Download(ctx context.Context, name string) iter.Seq2[tranship.Content, error] {
	return func(yield func(tranship.Content, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		r, err := c.receive(ctx, name, 2)
		var path string
		if err == nil {
			path, err = r.first()
		}
		for err == nil {
			file := &content{receiver: r, path: path}
			if !yield(file, nil) {
				file.end()
				return
			}
			if path, err = file.skip(); errors.Is(err, io.EOF) {
				return
			}
		}
		yield(nil, err)
	}
}

// readBytes is the most that ReadChunk returns.
const readBytes = 256 << 10

// content implements tranship.Content for one file of a call.
type content struct {
	receiver *receiver
	path     string
	data     *payload.Message // received, not yet read; nil before the first
	next     *message         // the header of the file after this one
	err      error
	closed   bool
	single   bool               // no file may follow
	cancel   context.CancelFunc // nil if others follow in the same call
}

func (c *content) File() tranship.File { return tranship.File{Path: c.path, Size: -1} }

func (c *content) Read(buffer []byte) (n int, err error) {
	next, err := c.read(len(buffer))
	if err != nil {
		return 0, err
	}
	defer next.Release()
	for _, piece := range next.Pieces {
		n += copy(buffer[n:], piece)
	}
	return n, nil
}

// ReadChunk implements tranship.ChunkReader. Nothing is copied. A chunk is a part of a
// message, so that a reader which keeps a few of them holds no more than two messages.
func (c *content) ReadChunk() (tranship.Chunk, error) { return c.read(readBytes) }

// read returns the next bytes of a message, at most most.
func (c *content) read(most int) (tranship.Chunk, error) {
	if c.closed {
		return tranship.Chunk{}, &tranship.InvalidError{Field: "content", Rule: "a content must not be read after it was closed or the next was asked for"}
	}
	if !c.fill() {
		return tranship.Chunk{}, c.err
	}
	return c.data.Next(most), nil
}

// fill sees to it that there is something to read, or else an error.
func (c *content) fill() bool {
	for empty := 0; c.err == nil && c.left() == 0; empty++ {
		var m message
		if m, c.err = c.receiver.receive(); c.err == nil {
			c.err = wire.CheckEmpty(empty)
		}
		switch {
		case c.err != nil:
		case m.header == nil:
			c.data = m.data
		case c.single:
			c.err = fmt.Errorf("%w: %s stands for several files", tranship.ErrInvalid, c.path)
		default:
			c.next, c.err = &m, io.EOF
		}
	}
	return c.left() > 0
}

// left is how many bytes have been received and not yet read.
func (c *content) left() int {
	if c.data == nil {
		return 0
	}
	return c.data.Len()
}

// end ends the reading, and lets go of what was not read.
func (c *content) end() {
	c.closed = true
	if c.data != nil {
		c.data.Free()
	}
	c.receiver.free()
}

// skip ends the reading and returns the path of the next file; io.EOF if there is
// none.
func (c *content) skip() (next string, err error) {
	for c.fill() {
		c.data.Free()
	}
	c.end()
	if c.next != nil {
		return c.next.path()
	}
	return "", c.err
}

func (c *content) Close() error {
	if c.cancel != nil {
		c.end()
		c.cancel()
	}
	return nil
}
