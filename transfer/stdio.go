package transfer

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/tranship/tranship"
)

// Stdin is a Source of one content of unknown size, which can be read once: what
// a pipe has. An item of it must be Once and its File.Size -1.
type Stdin struct {
	// Reader has the content. It may still be in a Read when a copy that was
	// stopped has returned.
	Reader io.Reader
}

// Open implements Source. The path is not looked at.
func (s Stdin) Open(ctx context.Context, name string, _ tranship.OpenOptions) (tranship.Content, error) {
	// A pipe cannot be told to stop reading, so a goroutine of its own reads.
	reader, writer := io.Pipe()
	go func() {
		// The struct hides a file's WriteTo, which would not use the buffer.
		_, err := io.CopyBuffer(writer, struct{ io.Reader }{s.Reader}, make([]byte, 256<<10))
		writer.CloseWithError(err)
	}()
	stop := context.AfterFunc(ctx, func() { reader.CloseWithError(context.Cause(ctx)) })
	return &streamContent{reader, name, stop}, nil
}

type streamContent struct {
	*io.PipeReader
	name string
	stop func() bool
}

// File implements tranship.Content.
func (c *streamContent) File() tranship.File { return tranship.File{Path: c.name, Size: -1} }

// Close implements io.Closer.
func (c *streamContent) Close() error {
	c.stop()
	return c.PipeReader.Close()
}

// Stdout is a tranship.Writer that writes each file's content, in order, to a
// stream. What has been written cannot be taken back: an item for it should be
// Once, and should it fail, some of it may be out already. Only one file at a time
// may be written.
type Stdout struct {
	Writer io.Writer
}

// Put implements tranship.Writer.
func (s Stdout) Put(_ context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	if _, err := s.Writer.Write(data); err != nil {
		return tranship.File{}, localError(err)
	}
	return tranship.File{Path: spec.Path, Size: int64(len(data)), CRC32C: new(tranship.CRC32C(data))}, nil
}

// Begin implements tranship.Writer.
func (s Stdout) Begin(_ context.Context, spec tranship.Spec) (tranship.Upload, error) {
	return &streamUpload{writer: s.Writer, path: spec.Path}, nil
}

// streamUpload takes parts in their order only.
type streamUpload struct {
	writer io.Writer
	path   string

	mu      sync.Mutex
	written int64
	crc     uint32
}

// ID implements tranship.Upload.
func (u *streamUpload) ID() string { return "" }

// Epoch implements tranship.Upload.
func (u *streamUpload) Epoch() uint64 { return 1 }

// Durable implements tranship.Upload.
func (u *streamUpload) Durable() []tranship.Range { return nil }

// Sync implements tranship.Upload.
func (u *streamUpload) Sync(context.Context) error { return nil }

// CopyPart implements tranship.Upload.
func (u *streamUpload) CopyPart(context.Context, int, string, tranship.OpenOptions) error {
	return fmt.Errorf("%w: a stream holds no files to copy from", tranship.ErrUnsupported)
}

// PartSize implements tranship.Upload.
func (u *streamUpload) PartSize() int64 { return localPartBytes }

// Part implements tranship.Upload.
func (u *streamUpload) Part(_ context.Context, n int) (tranship.PartWriter, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if int64(n)*localPartBytes != u.written {
		return nil, fmt.Errorf("%w: a stream takes its parts in order", tranship.ErrUnsupported)
	}
	return streamPart{u}, nil
}

// Commit implements tranship.Upload.
func (u *streamUpload) Commit(_ context.Context, commit tranship.Commit) (tranship.File, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.written != commit.Size || commit.CRC32C != nil && *commit.CRC32C != u.crc {
		return tranship.File{}, fmt.Errorf("%w: the stream got other bytes", tranship.ErrIntegrity)
	}
	return tranship.File{Path: u.path, Size: u.written, CRC32C: new(u.crc)}, nil
}

// Abort implements tranship.Upload.
func (u *streamUpload) Abort(context.Context) error { return nil }

// Detach implements tranship.Upload.
func (u *streamUpload) Detach(context.Context) error { return nil }

type streamPart struct{ upload *streamUpload }

// Write implements io.Writer.
func (p streamPart) Write(data []byte) (int, error) {
	u := p.upload
	u.mu.Lock()
	defer u.mu.Unlock()
	n, err := u.writer.Write(data)
	u.written += int64(n)
	u.crc = tranship.UpdateCRC32C(u.crc, data[:n])
	if err != nil {
		return n, localError(err)
	}
	return n, nil
}

// Close implements tranship.PartWriter.
func (p streamPart) Close() error { return nil }
