package mem

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"sync/atomic"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// Stat implements tranship.Reader.
func (s *Store) Stat(ctx context.Context, path string) (tranship.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return tranship.File{}, err
	}
	f, err := s.findLocked(path)
	if err != nil {
		return tranship.File{}, err
	}
	return f.describe(), nil
}

// findLocked returns the file at path.
func (s *Store) findLocked(path string) (*file, error) {
	if err := tranship.ValidatePath(path); err != nil {
		return nil, err
	}
	f := s.files[path]
	if f == nil {
		return nil, &tranship.PathError{Path: path, Err: tranship.ErrNotFound}
	}
	return f, nil
}

// Open implements tranship.Reader.
func (s *Store) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, data, err := s.readLocked(path, options)
	if err != nil {
		return nil, err
	}
	return &content{ctx: ctx, file: f.describe(), all: f.data, rest: bytes.NewReader(data)}, nil
}

// readLocked returns the file at path and the data that options select.
func (s *Store) readLocked(path string, options tranship.OpenOptions) (*file, []byte, error) {
	f, err := s.findLocked(path)
	if err != nil {
		return nil, nil, err
	}
	if options.Version != "" && options.Version != f.info.Version {
		return nil, nil, failure.WrongVersion(path, f.info.Version, options.Version)
	}
	if options.Offset < 0 || options.Offset > f.info.Size {
		return nil, nil, &tranship.InvalidError{Field: "offset", Rule: "an offset must not be negative or beyond the end of the file"}
	}
	data := f.data[options.Offset:]
	if options.Length != nil {
		if *options.Length < 0 {
			return nil, nil, &tranship.InvalidError{Field: "length", Rule: "a length must not be negative"}
		}
		data = data[:min(*options.Length, int64(len(data)))]
	}
	return f, data, nil
}

// content implements tranship.Content.
type content struct {
	ctx  context.Context
	file tranship.File
	// all is the whole file, and rest the part of the range that Read has not returned yet.
	all  []byte
	rest *bytes.Reader
	// closed is set by Close, for ReadAt.
	closed atomic.Bool
}

var _ tranship.RangeReader = (*content)(nil)

func (c *content) File() tranship.File { return c.file }

func (c *content) Read(buffer []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.rest.Read(buffer)
}

// WriteTo implements io.WriterTo, so that io.Copy needs no buffer.
func (c *content) WriteTo(w io.Writer) (int64, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.rest.WriteTo(w)
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
	n := copy(buffer, c.all[min(offset, c.file.Size):])
	if n < len(buffer) {
		return n, io.EOF
	}
	return n, nil
}

func (c *content) Close() error {
	c.closed.Store(true)
	return nil
}
