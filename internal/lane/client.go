package lane

import (
	"cmp"
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// ClientStream is the client's end of a call. It implements grpc.ClientStream.
type ClientStream struct {
	conn     *Conn
	ctx      context.Context
	released func(reusable bool)
	// sending is held while something is sent.
	sending lock
	// ended means that the client has half-closed or cancelled the call. It is guarded by
	// sending.
	ended bool
	// over is closed when outcome is set.
	over chan struct{}
	// heard means that a frame of this call has come from the server.
	heard atomic.Bool
	// statusRead means that the status of the server was read. It is guarded by conn.reading.
	statusRead bool

	mu   sync.Mutex
	stop func() bool
	// outcome is what RecvMsg returns at the end: io.EOF for success.
	outcome         error
	header, trailer metadata.MD
}

var _ grpc.ClientStream = (*ClientStream)(nil)

// Context implements grpc.ClientStream.
func (s *ClientStream) Context() context.Context { return s.ctx }

// end sets the outcome, and reports whether it is the first.
func (s *ClientStream) end(outcome error, trailer metadata.MD) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isOver() {
		return false
	}
	s.outcome, s.trailer = outcome, trailer
	close(s.over)
	s.stop()
	return true
}

// Heard reports whether the server has sent anything in this call.
func (s *ClientStream) Heard() bool { return s.heard.Load() }

// isOver reports whether the call has its outcome.
func (s *ClientStream) isOver() bool { return isClosed(s.over) }

// result returns the outcome.
func (s *ClientStream) result() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.outcome
}

// abort ends the call when its context has ended.
func (s *ClientStream) abort() {
	if s.end(contextError(s.ctx), nil) {
		s.cancel()
	}
}

// cancel tells the server that the call has ended, waits for its status, and releases the
// lane.
func (s *ClientStream) cancel() {
	c := s.conn
	c.interrupt()
	ok := s.sendCancel() && (s.statusRead || c.discard(func(k kind) bool { return k == kindStatus }))
	c.reading.Unlock()
	s.release(ok)
}

// sendCancel sends the client's end mark, and reports whether it succeeded.
func (s *ClientStream) sendCancel() bool {
	ctx, stop := context.WithTimeout(context.Background(), endTime)
	defer stop()
	if !s.sending.LockUnless(ctx.Done()) {
		return false
	}
	defer s.sending.Unlock()
	s.ended = true
	return s.conn.writer.control(kindCancel, nil) == nil
}

// release ends the call on the lane. Unless the lane is reusable, it closes it.
func (s *ClientStream) release(reusable bool) {
	c := s.conn
	if !reusable {
		c.lose()
		_ = c.Close()
		s.released(false)
		return
	}
	c.reading.Lock()
	c.calling = false
	c.reader.shrink()
	c.reading.Unlock()
	c.watchIdle()
	s.released(true)
}

// free releases the lane after the status of the server, and sends the client's end mark if it
// is missing. It does not wait for a message that is being sent. After UNAUTHENTICATED it closes
// the lane, as the server does.
func (s *ClientStream) free() {
	if status.Code(s.result()) == codes.Unauthenticated {
		s.release(false)
		return
	}
	select {
	case s.sending <- struct{}{}:
		ok := s.ended || s.conn.writer.control(kindCancel, nil) == nil
		s.ended = true
		s.sending.Unlock()
		s.release(ok)
	default:
		go func() { s.release(s.sendCancel()) }()
	}
}

// RecvMsg implements grpc.ClientStream. It returns io.EOF after a call that succeeded, and
// otherwise a status error: UNAVAILABLE if the connection was lost.
func (s *ClientStream) RecvMsg(message any) error {
	if s.isOver() {
		return s.result()
	}
	for {
		if done, err := s.receive(message); done || err != nil {
			return err
		}
	}
}

// receive reads a frame. done means that it was a message, which message now has.
func (s *ClientStream) receive(message any) (done bool, err error) {
	next, err := s.read()
	if err != nil {
		return false, err
	}
	switch next.kind {
	case kindMessage:
		if err := receive(s.conn, next.body, message); err != nil {
			if s.end(err, nil) {
				s.cancel()
			}
			return false, s.result()
		}
		return true, nil
	case kindResponseHeaders:
		err = s.headers(next.body)
	case kindStatus:
		var outcome error
		var trailer metadata.MD
		if outcome, trailer, err = s.conn.decodeStatus(next.body); err == nil && s.end(cmp.Or(outcome, io.EOF), trailer) {
			s.free()
		}
	default:
		next.body.Free()
		err = breach("a frame of kind %d within a call", next.kind)
	}
	if err != nil {
		s.fail(lostError(err))
	}
	if s.isOver() {
		return false, s.result()
	}
	return false, nil
}

// read reads the next frame of the call.
func (s *ClientStream) read() (frame, error) {
	c := s.conn
	if !c.reading.LockUnless(s.over) {
		return frame{}, s.result()
	}
	if s.isOver() {
		c.reading.Unlock()
		return frame{}, s.result()
	}
	next, err := c.read()
	s.statusRead = err == nil && next.kind == kindStatus
	c.reading.Unlock()
	if err == nil {
		s.heard.Store(true)
		return next, nil
	}
	if large, ok := errors.AsType[*tooLargeError](err); ok {
		s.fail(large.status())
	} else if !isInterrupt(err) || !s.isOver() {
		s.fail(lostError(err))
	}
	return frame{}, s.result()
}

// fail ends the call with outcome, unless it has ended, and closes the lane.
func (s *ClientStream) fail(outcome error) {
	if s.end(outcome, nil) {
		s.release(false)
	}
}

// headers adds the metadata of response headers to the header.
func (s *ClientStream) headers(body mem.Buffer) error {
	defer body.Free()
	var headers transhipv1.LaneResponseHeaders
	if err := decode(body, &headers); err != nil {
		return err
	}
	if err := checkMetadata(headers.GetMetadata()); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.header = metadata.Join(s.header, metadataFromProto(headers.GetMetadata()))
	return nil
}

// Header implements grpc.ClientStream. It waits for the first frame of the server. It must not be
// called concurrently with RecvMsg.
func (s *ClientStream) Header() (metadata.MD, error) {
	if s.heard.Load() {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.header, nil
	}
	next, err := s.read()
	switch {
	case err != nil:
	case next.kind == kindResponseHeaders:
		if malformed := s.headers(next.body); malformed != nil {
			s.fail(lostError(malformed))
			err = s.result()
		}
	default:
		err = s.unread(next)
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.header, err
}

// unread makes a frame the next that is read. It fails if the call has ended meanwhile: the lane
// may have another call, which must not get the frame.
func (s *ClientStream) unread(next frame) error {
	c := s.conn
	c.reading.Lock()
	defer c.reading.Unlock()
	if s.isOver() {
		next.body.Free()
		return s.result()
	}
	c.stash, s.statusRead = next, false
	return nil
}

// Trailer implements grpc.ClientStream. It is complete when RecvMsg has returned an error.
func (s *ClientStream) Trailer() metadata.MD {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trailer
}
