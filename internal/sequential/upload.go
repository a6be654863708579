package sequential

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"sync"

	"github.com/tranship/tranship"
)

// partSize is longer than the largest file, so that an upload has one part, which is
// written in order.
const partSize = 1 << 62

// Sink is the far end of a stream: it takes the bytes of one file in order. A Sink that
// can take them without a copy also implements tranship.ChunkWriter.
type Sink interface {
	io.Writer
	// Commit ends the file, of which size bytes with the checksum crc have been
	// written, and returns it once it is saved.
	Commit(size int64, crc uint32) (tranship.File, error)
	// Abort discards the file, and makes a concurrent Write or Commit fail. It may be
	// called at any time and more than once. After a successful Commit it does nothing.
	Abort()
}

// upload implements tranship.Upload over a Sink.
type upload struct {
	id   string
	sink Sink
	size *int64
	// demanded is the checksum that the whole file must have; nil means no demand.
	demanded *uint32

	mu      sync.Mutex
	begun   bool // whether the part was begun
	writing bool // whether its writer is open
	written int64
	crc     uint32
	err     error // why the upload has ended
}

// NewUpload returns an upload into sink, which must get the size and checksum in spec, if
// any. Unlike the uploads of stores, it has one part, which can be written once. The
// failure of a Write, or of a Commit after all bytes were written, is final. The upload
// ends when the context of an open writer or of a Commit ends.
func NewUpload(sink Sink, spec tranship.Spec) tranship.Upload {
	return &upload{id: rand.Text(), sink: sink, size: spec.Size, demanded: spec.CRC32C}
}

func (u *upload) ID() string { return u.id }

// Epoch implements tranship.Upload: a stream is never resumed.
func (u *upload) Epoch() uint64 { return 1 }

func (u *upload) PartSize() int64 { return partSize }

// Durable implements tranship.Upload: a stream keeps nothing for a later upload.
func (u *upload) Durable() []tranship.Range { return nil }

// Sync implements tranship.Upload.
func (u *upload) Sync(context.Context) error { return nil }

// CopyPart implements tranship.Upload: a stream has no access to other files.
func (u *upload) CopyPart(context.Context, int, string, tranship.OpenOptions) error {
	return fmt.Errorf("%w: this protocol cannot copy parts of other files", tranship.ErrUnsupported)
}

func (u *upload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.err != nil:
		return nil, u.err
	case n != 0:
		return nil, &tranship.InvalidError{Field: "part", Rule: "this protocol has one part only, which is number 0"}
	case u.begun:
		return nil, fmt.Errorf("%w: this protocol cannot send anything again", tranship.ErrUnsupported)
	}
	u.begun, u.writing = true, true
	// A sink that waits for its peer can only be aborted.
	stop := context.AfterFunc(ctx, u.sink.Abort)
	return &partWriter{ctx: ctx, upload: u, stop: stop}, nil
}

// fail ends the upload unless it has ended.
func (u *upload) fail(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.err == nil {
		u.err = err
	}
}

func (u *upload) Commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	crc, err := u.check(commit)
	if err != nil {
		return tranship.File{}, err
	}
	defer context.AfterFunc(ctx, u.sink.Abort)()
	file, err := u.sink.Commit(commit.Size, crc)
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		u.fail(err)
		return tranship.File{}, err
	}
	u.fail(ended())
	return file, nil
}

// check returns an error unless commit matches what was written. It returns the checksum
// of what was written.
func (u *upload) check(commit tranship.Commit) (crc uint32, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if err := commit.Attributes.Validate(); err != nil {
		return 0, err
	}
	switch {
	case u.err != nil:
		return 0, u.err
	case len(commit.Attributes.Metadata) > 0:
		return 0, fmt.Errorf("%w: this protocol has no metadata", tranship.ErrUnsupported)
	case u.writing:
		return 0, &tranship.InvalidError{Field: "commit", Rule: "all writers must have been closed"}
	case commit.Size > u.written:
		missing := tranship.Range{Offset: u.written, Length: commit.Size - u.written}
		return 0, &tranship.IncompleteError{Missing: []tranship.Range{missing}}
	case commit.Size < u.written || u.size != nil && commit.Size != *u.size:
		return 0, &tranship.InvalidError{Field: "size", Rule: "a size must be the number of bytes that were written and declared"}
	}
	for _, want := range []*uint32{commit.CRC32C, u.demanded} {
		if want != nil && *want != u.crc {
			return 0, fmt.Errorf("%w: the bytes that were sent have CRC32C %08x, not %08x", tranship.ErrIntegrity, u.crc, *want)
		}
	}
	return u.crc, nil
}

func (u *upload) Abort(context.Context) error {
	u.sink.Abort()
	u.fail(ended())
	return nil
}

// Detach implements tranship.Upload: it aborts, because a stream cannot be resumed.
func (u *upload) Detach(ctx context.Context) error { return u.Abort(ctx) }

func ended() error { return fmt.Errorf("%w: the upload has ended", tranship.ErrAborted) }
