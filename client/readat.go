package client

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"github.com/tranship/tranship"
)

var _ tranship.RangeReader = (*content)(nil)

// rangeBuffer receives a range of a file as long as its caller waits for it.
type rangeBuffer struct {
	mu sync.Mutex
	// rest is the part of the caller's memory that is still to be filled; nil once the
	// caller has given up.
	rest []byte
}

// write copies received bytes to the caller's memory, or drops them after giveUp.
func (b *rangeBuffer) write(data []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rest = b.rest[copy(b.rest, data):]
}

// giveUp ends the use of the caller's memory.
func (b *rangeBuffer) giveUp() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rest = nil
}

// ReadAt implements tranship.RangeReader. All ranges and small files of the client share a
// stream, so that a range needs no call of its own. Each range is verified by the checksum
// that the server sends with it. The server opens the version again for each range.
func (c *content) ReadAt(p []byte, offset int64) (int, error) {
	if offset < 0 {
		return 0, &tranship.InvalidError{Field: "offset", Rule: "an offset must not be negative"}
	}
	if c.closed.Load() {
		return 0, fs.ErrClosed
	}
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	wanted := p[:max(min(int64(len(p)), c.file.Size-offset), 0)]
	if len(wanted) > 0 {
		if err := c.client.readRange(c.ctx, c.file, wanted, offset); err != nil {
			if c.closed.Load() {
				err = fs.ErrClosed
			}
			return 0, err
		}
	}
	if len(wanted) < len(p) {
		return len(wanted), io.EOF
	}
	return len(wanted), nil
}

// readRange fills p with bytes of a version of a file. It tries again with new credentials
// if those of the stream are no longer valid.
func (c *Client) readRange(ctx context.Context, file tranship.File, p []byte, offset int64) error {
	if file.Version == "" {
		return fmt.Errorf("%w: the server sent no version of %s, so that ranges of it may come from different versions", tranship.ErrUnsupported, file.Path)
	}
	for repeats := 0; ; repeats++ {
		stream, err := c.fetches.get(ctx)
		if err != nil {
			return err
		}
		err = stream.readRange(ctx, file, p, offset)
		if err == nil || repeats == maxRepeats || !stream.ended() || !stream.repeatable {
			return err
		}
	}
}

// readRange fills p with bytes of a version of a file, by one slot of the stream.
func (d *downloadStream) readRange(ctx context.Context, file tranship.File, p []byte, offset int64) error {
	length := int64(len(p))
	slots := []downloadSlot{{
		path: file.Path, options: tranship.OpenOptions{Version: file.Version, Offset: offset, Length: &length},
		target: &rangeBuffer{rest: p}, ended: newCountdown(1),
	}}
	slot := &slots[0]
	defer slot.target.giveUp()
	if _, err := d.open(ctx, slots); err != nil {
		return err
	}
	if err := awaitDownloads(ctx, slots); err != nil {
		return err
	}
	if slot.err != nil {
		return slot.err
	}
	if slot.verifier.expected != length {
		return fmt.Errorf("%w: the server sent %d bytes of %s instead of %d", tranship.ErrIntegrity, slot.verifier.expected, file.Path, length)
	}
	return nil
}
