package disk

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync/atomic"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/rootfs"
)

// Stat implements tranship.Reader.
func (s *Store) Stat(ctx context.Context, path string) (_ tranship.File, err error) {
	defer s.explain(&err)
	if err := admit(ctx, path); err != nil {
		return tranship.File{}, err
	}
	return s.stat(path)
}

// admit fails if a path is invalid or the context has ended.
func admit(ctx context.Context, paths ...string) error {
	for _, path := range paths {
		if err := tranship.ValidatePath(path); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Open implements tranship.Reader.
func (s *Store) Open(ctx context.Context, path string, options tranship.OpenOptions) (_ tranship.Content, err error) {
	defer s.explain(&err)
	if err := admit(ctx, path); err != nil {
		return nil, err
	}
	dir, file, found, err := s.find(path)
	if err != nil {
		return nil, err
	}
	dir.Close()
	c := &content{ctx: ctx, store: s, file: file, found: found}
	if err := c.seek(options); err != nil {
		file.Close()
		return nil, err
	}
	return c, nil
}

// content implements tranship.Content.
type content struct {
	ctx   context.Context
	store *Store
	file  *os.File
	found description
	// offset and end bound the range that is still to be read.
	offset, end int64
	// checked is set if the range is the whole file and its checksum is known. crc is the
	// checksum of the bytes read so far, which is compared at the end.
	checked bool
	crc     uint32
	// holes are the holes of the file, once the reader has searched for them; nil if it has
	// none.
	holes  *rootfs.Holes
	looked bool
	// ended is the error that Read returns once it is not nil.
	ended error
	// closed is set by Close, for ReadAt.
	closed atomic.Bool
}

var (
	_ tranship.RangeReader = (*content)(nil)
	_ tranship.ZeroReader  = (*content)(nil)
)

func (c *content) seek(options tranship.OpenOptions) error {
	file := c.found
	if options.Version != "" && options.Version != file.Version {
		return failure.WrongVersion(file.Path, file.Version, options.Version)
	}
	if options.Offset < 0 || options.Offset > file.Size {
		return &tranship.InvalidError{Field: "offset", Rule: "an offset must not be negative or beyond the end of the file"}
	}
	c.offset, c.end = options.Offset, file.Size
	if options.Length != nil {
		if *options.Length < 0 {
			return &tranship.InvalidError{Field: "length", Rule: "a length must not be negative"}
		}
		c.end = c.offset + min(*options.Length, file.Size-c.offset)
	}
	c.checked = file.CRC32C != nil && c.offset == 0 && c.end == file.Size
	return nil
}

// File implements tranship.Content.
func (c *content) File() tranship.File { return tranship.Attributes{}.Apply(c.found.File) }

// Read implements tranship.Content.
func (c *content) Read(buffer []byte) (int, error) {
	if c.ended != nil {
		return 0, c.ended
	}
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	if c.offset == c.end {
		if c.ended = c.verify(); c.ended == nil {
			c.ended = io.EOF
		}
		return 0, c.ended
	}
	buffer = buffer[:min(int64(len(buffer)), c.end-c.offset)]
	if c.holes != nil {
		// A reader that looks for holes does not read them.
		if start, _ := c.holes.Next(c.offset); start > c.offset {
			buffer = buffer[:min(int64(len(buffer)), start-c.offset)]
		}
	}
	n, err := c.store.system.readAt(c.file, buffer, c.offset)
	if c.checked {
		c.crc = tranship.UpdateCRC32C(c.crc, buffer[:n])
	}
	c.offset += int64(n)
	switch {
	case err == io.EOF && n < len(buffer):
		c.ended = c.changed() // the file was truncated
	case err != nil && err != io.EOF:
		c.ended = fail("read", c.found.Path, err)
	}
	return n, c.ended
}

// ReadZeros implements tranship.ZeroReader. It finds holes of the file.
func (c *content) ReadZeros(most int64) (int64, error) {
	if c.offset == c.end {
		return 0, nil // Read says how it ended
	}
	if c.ended != nil {
		return 0, c.ended
	}
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	if !c.looked {
		c.looked, c.holes = true, rootfs.FindHoles(c.file, c.found.info)
	}
	if c.holes == nil {
		return 0, nil
	}
	start, end := c.holes.Next(c.offset)
	if start > c.offset {
		return 0, nil
	}
	n := min(end, c.end) - c.offset
	n = min(n, most)
	if c.checked {
		c.crc = tranship.CombineCRC32C(c.crc, tranship.ZerosCRC32C(n), n)
	}
	c.offset += n
	return n, nil
}

// ReadAt implements tranship.RangeReader. It checks the version of the file after the read, so
// that the bytes are of the version that was opened.
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
	wanted := buffer[:max(min(int64(len(buffer)), c.found.Size-offset), 0)]
	if len(wanted) > 0 {
		n, err := c.store.system.readAt(c.file, wanted, offset)
		switch {
		case err == io.EOF && n < len(wanted):
			err = c.changed() // the file was truncated
		case err != nil && err != io.EOF:
			err = fail("read", c.found.Path, err)
		default:
			err = c.unchanged()
		}
		if c.closed.Load() {
			return 0, fs.ErrClosed
		}
		if err != nil {
			return 0, err
		}
	}
	if len(wanted) < len(buffer) {
		return len(wanted), io.EOF
	}
	return len(wanted), nil
}

// verify fails if the file has changed since it was opened, or its content does not match its
// checksum.
func (c *content) verify() error {
	if err := c.unchanged(); err != nil {
		return err
	}
	if c.checked && *c.found.CRC32C != c.crc {
		at := &tranship.PathError{Op: "read", Path: c.found.Path, Err: tranship.ErrIntegrity}
		return failure.Worded(at, "%v: %s has CRC32C %08x, but was stored with %08x", at.Err, at.Path, c.crc, *c.found.CRC32C)
	}
	return nil
}

// unchanged fails if the file no longer has the version that was opened.
func (c *content) unchanged() error {
	info, err := c.file.Stat()
	if err != nil {
		return fail("read", c.found.Path, err)
	}
	if info.Size() != c.found.Size || !info.ModTime().Equal(c.found.info.ModTime()) {
		// SetAttributes may have changed the time, but not the version.
		now, err := c.store.describe(c.found.Path, c.file)
		if err != nil {
			return err
		}
		if now.Version != c.found.Version {
			return c.changed()
		}
	}
	return nil
}

// changed returns the error for a file that was changed while it was read.
func (c *content) changed() error {
	at := &tranship.PathError{Op: "read", Path: c.found.Path, Err: tranship.ErrPrecondition}
	return failure.Worded(at, "%v: %s was changed while it was read", at.Err, at.Path)
}

// Close implements tranship.Content.
func (c *content) Close() error {
	c.closed.Store(true)
	if err := c.file.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
		return fail("close", c.found.Path, err)
	}
	return nil
}
