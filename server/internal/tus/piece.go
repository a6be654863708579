package tus

import (
	"context"
	"errors"
	"net/http"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/internal/httpadmission"
)

// piece writes consecutive bytes of an upload into its parts. One goroutine uses it.
type piece struct {
	// ctx ends when the parts that are not closed must be dropped. The end of the request does not
	// end it: what has come is kept.
	ctx    context.Context
	drop   context.CancelFunc
	opened *session
	// at is the offset of the next byte.
	at, size int64
	// writer is that of the part of at; nil before the first byte of the part.
	writer tranship.PartWriter
	// last is the writer of the last part once that has all bytes. It is closed at the end of the
	// body.
	last tranship.PartWriter
	// failed: nothing more of the piece counts.
	failed bool
}

// newPiece returns a piece at an offset. The caller must call end once it has written a byte.
func newPiece(ctx context.Context, opened *session, at int64) *piece {
	p := &piece{opened: opened, at: at, size: opened.Size}
	p.ctx, p.drop = context.WithCancel(context.WithoutCancel(ctx))
	return p
}

// write writes bytes, of which there are no more than the upload has room for. It has one part at a
// time: a store may wait for the memory of a part, and parts that are held would wait for each other.
func (p *piece) write(data []byte) error {
	for len(data) > 0 {
		end := min(p.at-p.at%p.opened.upload.PartSize()+p.opened.upload.PartSize(), p.size)
		now := data[:min(int64(len(data)), end-p.at)]
		if err := p.writePart(now); err != nil {
			return err
		}
		data, p.at = data[len(now):], p.at+int64(len(now))
		if p.at < end {
			continue
		}
		done := p.writer
		p.writer = nil
		// The last part waits for the end of the body, which may turn out to be too long.
		if p.at == p.size {
			p.last = done
		} else if err := done.Close(); err != nil {
			return err
		}
	}
	return nil
}

// writePart writes bytes of the part of at.
func (p *piece) writePart(data []byte) (err error) {
	if p.writer == nil {
		if p.writer, err = p.part(); err != nil {
			return err
		}
	}
	_, err = p.writer.Write(data)
	return err
}

// part returns a writer for the part of at, of which the upload has the bytes before at.
func (p *piece) part() (tranship.PartWriter, error) {
	if p.at%p.opened.upload.PartSize() != 0 {
		keeper, ok := tranship.As[tranship.TailKeeper](p.opened.upload)
		if !ok {
			return nil, tranship.ErrAborted // the offset was that of a tail
		}
		writer, err := keeper.ContinuePart(p.ctx)
		if errors.Is(err, tranship.ErrNotFound) || errors.Is(err, tranship.ErrIntegrity) {
			return nil, httpadmission.WithStatus(err, http.StatusConflict) // the client asks for the offset again
		}
		return writer, err
	}
	return p.opened.upload.Part(p.ctx, int(p.at/p.opened.upload.PartSize()))
}

// fail makes end drop what is not closed.
func (p *piece) fail(err error) error {
	p.failed = true
	return err
}

// end keeps what was written, as durable as the upload is.
func (p *piece) end() error {
	defer p.drop()
	if p.failed {
		p.drop()
	}
	dropped := p.ctx.Err() != nil
	var err error
	if p.last != nil {
		if closeErr := p.last.Close(); !dropped {
			err = closeErr
		}
	}
	if p.writer != nil {
		if closeErr := p.closeTail(); !dropped {
			err = errors.Join(err, closeErr)
		}
	}
	return errors.Join(err, keep(p.ctx, p.opened.upload))
}

// closeTail keeps the bytes of a part that is not whole. Where the store cannot, it drops them.
func (p *piece) closeTail() error {
	if keeper, ok := tranship.As[tranship.TailWriter](p.writer); ok {
		return keeper.CloseTail()
	}
	p.drop()
	_ = p.writer.Close() // it was dropped
	return nil
}
