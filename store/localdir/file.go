package localdir

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/localerr"
	"github.com/tranship/tranship/internal/rootfs"
)

// File is the source of one file of this machine, whose name is its value. A symbolic
// link is followed, as by other programs that are given one.
type File string

// Stat describes the file.
func (l File) Stat() (tranship.File, error) {
	info, err := os.Stat(string(l))
	if err != nil {
		return tranship.File{}, localerr.Explain(err)
	}
	if !info.Mode().IsRegular() {
		return tranship.File{}, notRegular(info)
	}
	return fileOf(string(l), info), nil
}

// Open opens the file. The path is not looked at. It fails with tranship.ErrUnsupported if
// options ask for a version: a local file has none.
func (l File) Open(_ context.Context, _ string, options tranship.OpenOptions) (tranship.Content, error) {
	f, err := os.OpenFile(string(l), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, localerr.Explain(err)
	}
	return newContent(f, string(l), options)
}

// Absolute returns the absolute path of the file; "" if it is not known.
func (l File) Absolute(string) string { return absoluteName(string(l)) }

// absoluteName returns the absolute path of a file or directory; "" if it is not known.
// filepath.Abs takes "link/.." for the parent of the link, and the system takes it for the
// parent of the directory that the link leads to.
func absoluteName(name string) string {
	if slices.Contains(strings.Split(filepath.ToSlash(name), "/"), "..") {
		resolved, err := filepath.EvalSymlinks(name)
		if err != nil {
			return ""
		}
		name = resolved
	}
	name, err := filepath.Abs(name)
	if err != nil {
		return ""
	}
	return name
}

func notRegular(info os.FileInfo) error {
	return fmt.Errorf("it is %s, not a regular file", kind(info.Mode()))
}

// content reads a local file. At the end it checks that the file has not changed
// meanwhile, and that the size of the file is the number of bytes that could be read.
type content struct {
	f         *os.File
	file      tranship.File
	reader    *io.SectionReader
	remaining int64
	end       int64 // offset in the file at which reading ends
	// holes are the holes that FindHoles found with info; nil if the file has none.
	info   os.FileInfo
	holes  *rootfs.Holes
	looked bool
}

var _ tranship.ZeroReader = (*content)(nil)

// newContent returns the content of f. It closes f if it fails.
func newContent(f *os.File, name string, options tranship.OpenOptions) (_ tranship.Content, err error) {
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, localerr.Explain(err)
	}
	if !info.Mode().IsRegular() {
		return nil, notRegular(info)
	}
	if options.Version != "" {
		return nil, fmt.Errorf("%w: a local file has no versions", tranship.ErrUnsupported)
	}
	if options.Offset < 0 || options.Offset > info.Size() {
		return nil, &tranship.InvalidError{Field: "offset", Rule: "an offset must be within the file"}
	}
	length := info.Size() - options.Offset
	if options.Length != nil {
		length = max(*options.Length, 0)
	}
	return (&content{f: f, file: fileOf(name, info), info: info}).section(options.Offset, length), nil
}

// section returns a range of the file, which ends at the end of the file at the latest.
func (c *content) section(offset, length int64) *content {
	length = min(length, c.file.Size-offset)
	return &content{
		f: c.f, file: c.file, info: c.info,
		reader: io.NewSectionReader(c.f, offset, length), remaining: length, end: offset + length,
	}
}

// Range returns a range of the file. The range must be within the file, and is good until c
// is closed. Its Close does nothing.
func (c *content) Range(offset, length int64) tranship.Content {
	return contentRange{c.section(offset, length)}
}

type contentRange struct{ *content }

// Close implements io.Closer.
func (contentRange) Close() error { return nil }

// File implements tranship.Content.
func (c *content) File() tranship.File { return c.file }

// Close implements io.Closer.
func (c *content) Close() error { return c.f.Close() }

// Read implements io.Reader. Its error matches ErrChanged if the file has changed since it
// was opened.
func (c *content) Read(p []byte) (int, error) {
	if c.remaining == 0 {
		return 0, c.unchanged()
	}
	p = p[:min(int64(len(p)), c.remaining)]
	if c.holes != nil {
		// A reader that looks for holes does not read them.
		offset := c.end - c.remaining
		if start, _ := c.holes.Next(offset); start > offset {
			p = p[:min(int64(len(p)), start-offset)]
		}
	}
	n, err := c.reader.Read(p)
	c.remaining -= int64(n)
	if err == io.EOF {
		return n, c.short()
	}
	if err != nil {
		return n, localerr.Explain(err)
	}
	return n, nil
}

// ReadZeros implements tranship.ZeroReader. It finds holes of the file.
func (c *content) ReadZeros(most int64) (int64, error) {
	if c.remaining == 0 {
		return 0, nil
	}
	if !c.looked {
		c.looked, c.holes = true, rootfs.FindHoles(c.f, c.info)
	}
	if c.holes == nil {
		return 0, nil
	}
	offset := c.end - c.remaining
	start, end := c.holes.Next(offset)
	if start > offset {
		return 0, nil
	}
	n := min(end-offset, c.remaining, most)
	if _, err := c.reader.Seek(n, io.SeekCurrent); err != nil {
		return 0, err
	}
	c.remaining -= n
	return n, nil
}

// short returns the reason why the file ends before its size.
func (c *content) short() error {
	if info, err := c.f.Stat(); err == nil && info.Size() == c.file.Size {
		return tooFew(c.file.Size)
	}
	return fmt.Errorf("source %w: it shrank below its %d bytes", localerr.ErrChanged, c.file.Size)
}

// unchanged returns io.EOF, or an error that says how the file has changed.
func (c *content) unchanged() error {
	info, err := c.f.Stat()
	if err != nil {
		return localerr.Explain(err)
	}
	if err := changed(c.file, fileOf(c.file.Path, info)); err != nil {
		return err
	}
	return c.sized()
}

// changed returns an error that says how a file has changed while it was read; nil if it has
// not.
func changed(before, after tranship.File) error {
	switch {
	case after.Size > before.Size:
		return fmt.Errorf("source %w: it grew from %d to %d bytes", localerr.ErrChanged, before.Size, after.Size)
	case after.Size < before.Size:
		return fmt.Errorf("source %w: it shrank from %d to %d bytes", localerr.ErrChanged, before.Size, after.Size)
	case !after.ModTime.Equal(before.ModTime):
		return fmt.Errorf("source %w: it was written to", localerr.ErrChanged)
	}
	return nil
}

// sized returns io.EOF, or an error if more can be read than the size of the file.
func (c *content) sized() error {
	if c.end < c.file.Size {
		return io.EOF // of a range
	}
	n, err := c.f.ReadAt(make([]byte, 1), c.file.Size)
	if n > 0 {
		return tooMany(c.file.Size)
	}
	if err == io.EOF {
		return err
	}
	return localerr.Explain(err)
}

// unsizedError matches ErrUnsized. It also matches ErrChanged, because as with a file that
// has changed, no byte that was read can be kept.
type unsizedError struct{ message string }

// Error implements error.
func (e *unsizedError) Error() string { return e.message }

// Is implements the matching of ErrUnsized and ErrChanged.
func (e *unsizedError) Is(target error) bool {
	return target == localerr.ErrUnsized || target == localerr.ErrChanged
}

func tooFew(size int64) error {
	return &unsizedError{fmt.Sprintf("the source has fewer than the %d bytes of its size", size)}
}

func tooMany(size int64) error {
	return &unsizedError{fmt.Sprintf("the source has more than the %d bytes of its size", size)}
}
