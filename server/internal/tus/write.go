package tus

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/compat"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/server/internal/httpadmission"
	"github.com/tranship/tranship/server/internal/running"
)

const (
	// pieceBytes is how many bytes are read and passed on at once.
	pieceBytes = 256 << 10
	// renewEvery is how often a record is looked at while a piece comes, which may live longer than it.
	renewEvery = 10 * time.Minute
)

// write answers PATCH: it adds a piece to an upload.
func (s *Service) write(e *httpadmission.Exchange, speaks protocol, id string) (err error) {
	request := e.Request.Header
	if err := speaks.checkPiece(request); err != nil {
		return err
	}
	at, err := number(request, offsetHeader)
	if err != nil {
		return err
	}
	own, release, err := s.holders.acquire(e.Context(), id, e.Interrupt)
	if err != nil {
		return err
	}
	defer release()
	defer func() { err = own.ended(err) }()
	opened, err := s.open(e.Context(), id)
	if err != nil {
		return err
	}
	defer opened.close(e.Context())
	if have := opened.offset(); at != have {
		err := failure.Worded(tranship.ErrInvalid, "%v: the upload continues at %d, not at %d", tranship.ErrInvalid, have, at)
		return httpadmission.WithHeader(httpadmission.WithStatus(err, http.StatusConflict), offsetHeader, strconv.FormatInt(have, 10))
	}
	if err := checkLength(request, opened.Size); err != nil {
		return err
	}
	if err := s.receive(e, speaks, own, opened, at); err != nil {
		return err
	}
	answer := e.Header()
	speaks.describe(answer, opened.offset(), opened.Size)
	opened.describe(speaks, answer)
	return e.WriteHeader(http.StatusNoContent)
}

// receive adds the body of a request to an upload that has all bytes before an offset, and commits
// the upload with its last byte. If the body does not come whole, what has come is kept.
func (s *Service) receive(e *httpadmission.Exchange, speaks protocol, own *holder, opened *session, at int64) (err error) {
	sum, err := speaks.checkBody(e.Request, at, opened.Size)
	if err != nil {
		return err
	}
	start := time.Now()
	var moved atomic.Int64
	ctx, end := s.begin(e, running.Subject{
		Direction: running.Upload, Path: opened.Path, Size: &opened.Size, Upload: opened.Upload,
		Moved: func() int64 { return at + moved.Load() },
	})
	defer func() {
		err = end(err)
		s.log.Transfer(e.Context(), compat.Upload, opened.Path, moved.Load(), start, err)
	}()
	if !opened.isCommitted() {
		p := newPiece(ctx, opened, at)
		readErr := s.read(e, p, sum, &moved)
		if err := p.end(); err != nil {
			return err
		}
		renewErr := s.renew(ctx, opened) // also for a piece that was cut: its beginning is kept
		if readErr != nil {
			return own.reason(readErr)
		}
		if renewErr != nil {
			return renewErr
		}
	} else if err := s.read(e, newPiece(ctx, opened, at), sum, &moved); err != nil { // an empty piece
		return err
	}
	if opened.offset() == opened.Size {
		return s.commit(ctx, opened)
	}
	return speaks.checkLast(e.Request.Header, opened.offset(), opened.Size)
}

// checkBody returns the checksum that the body of a request must have, or nil if it needs none. It returns
// an error if the header shows that the body cannot be the bytes of an upload from an offset.
func (p protocol) checkBody(r *http.Request, at, size int64) (*checksum, error) {
	sum, err := checksumOf(r)
	switch length := r.ContentLength; {
	case err != nil:
		return nil, err
	case length > size-at:
		return nil, tooLong(size)
	case sum != nil && length > maxCheckedBytes:
		return nil, checkedTooLong()
	case length >= 0:
		return sum, p.checkLast(r.Header, at+length, size)
	}
	return sum, nil
}

// read reads a body into a piece. sum is the checksum that the body must have; nil without one.
func (s *Service) read(e *httpadmission.Exchange, p *piece, sum *checksum, moved *atomic.Int64) error {
	if sum != nil {
		return s.readChecked(e, p, sum, moved)
	}
	var renewed time.Time
	for {
		if now := time.Now(); now.Sub(renewed) > renewEvery {
			renewed = now
			_ = s.renew(p.ctx, p.opened) // it is tried again at the end
		}
		room := p.size - p.at
		buffer := s.buffers.Get(int(min(max(room, 1), pieceBytes)))
		n, err := fill(e, *buffer, moved)
		switch {
		case n == 0:
			s.buffers.Put(buffer)
		case room == 0:
			s.buffers.Put(buffer)
			return p.fail(tooLong(p.size))
		default:
			writeErr := p.write((*buffer)[:n])
			s.buffers.Put(buffer)
			if writeErr != nil {
				return p.fail(writeErr)
			}
		}
		if err == io.EOF { // a body that was cut has another error
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// fill reads until the buffer is full, and counts what has come. Its error is io.EOF only at the end of
// a whole body.
func fill(r io.Reader, buffer []byte, moved *atomic.Int64) (n int, err error) {
	for n < len(buffer) && err == nil {
		var more int
		more, err = r.Read(buffer[n:])
		n += more
		moved.Add(int64(more))
	}
	return n, err
}

// renew makes the record of an upload live longer if that is due, although a request may have ended.
func (s *Service) renew(ctx context.Context, opened *session) error {
	ctx, cancel := keeping(ctx)
	defer cancel()
	return s.records.renew(ctx, opened.entry)
}

// keep waits until what was written of an upload is durable.
func keep(ctx context.Context, upload tranship.Upload) error {
	ctx, cancel := keeping(ctx)
	defer cancel()
	return upload.Sync(ctx)
}
