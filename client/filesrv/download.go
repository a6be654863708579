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

// Open begins to read the file at path. The File of the content has only the path, and the
// size -1, because the protocol does not have the size. The error is ErrNotFound if the
// file does not exist, and ErrUnsupported if the options are not zero, because the protocol
// has no ranges and versions.
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

// Download receives all files that a name stands for: the file of that path, all files
// below a directory, or the files that match a pattern with '*', '?' and '[...]'. A server
// of revision 1 supports only the path of a file.
//
// The caller must read each content before it requests the next, which skips the unread
// rest. Paths are valid, but the server may send any valid path. The error is ErrNotFound
// if the name stands for no file, and ErrIntegrity if the server sent an invalid path.
// After an error, Download yields nothing more.
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

// readBytes is the greatest length of a chunk that ReadChunk returns.
const readBytes = 256 << 10

// content implements tranship.Content for one file of a call.
type content struct {
	receiver *receiver
	path     string
	data     *payload.Message // received and not read; nil before the first message
	next     *message         // the header of the file after this one
	err      error
	closed   bool
	single   bool               // another file in the call is an error
	cancel   context.CancelFunc // nil for a content of Download
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

// ReadChunk implements tranship.ChunkReader. It copies nothing. A chunk is a part of a
// message, so that a reader that keeps a few chunks keeps no more than two messages.
func (c *content) ReadChunk() (tranship.Chunk, error) { return c.read(readBytes) }

// read returns the next bytes of a message, no more than most.
func (c *content) read(most int) (tranship.Chunk, error) {
	if c.closed {
		return tranship.Chunk{}, &tranship.InvalidError{Field: "content", Rule: "a content must not be read after it was closed or the next was requested"}
	}
	if !c.fill() {
		return tranship.Chunk{}, c.err
	}
	return c.data.Next(most), nil
}

// fill receives until there are bytes to read, and reports whether there are. Otherwise err
// is set.
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

// left returns the number of bytes that have been received and not read.
func (c *content) left() int {
	if c.data == nil {
		return 0
	}
	return c.data.Len()
}

// end ends the reading, and frees the unread bytes.
func (c *content) end() {
	c.closed = true
	if c.data != nil {
		c.data.Free()
	}
	c.receiver.free()
}

// skip ends the reading and returns the path of the next file, or io.EOF if there is none.
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
