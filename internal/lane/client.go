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
	sending chan struct{}
	// ended means that the client has half-closed or cancelled the call. It is guarded by
	// sending.
	ended bool
	// over is closed when outcome is set.
	over chan struct{}
	// heard means that a frame of the server came.
	heard atomic.Bool

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

func (s *ClientStream) isOver() bool { return isClosed(s.over) }

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
	ok := s.sendCancel() && c.discard(func(k kind) bool { return k == kindStatus })
	c.reading.Unlock()
	s.release(ok)
}

// sendCancel sends the client's end mark. It reports whether it could.
func (s *ClientStream) sendCancel() bool {
	ctx, stop := context.WithTimeout(context.Background(), endTime)
	defer stop()
	select {
	case s.sending <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	defer func() { <-s.sending }()
	s.ended = true
	return s.conn.writer.control(kindCancel, nil) == nil
}

// release gives the lane back.
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

// free releases the lane after the status of the server. It does not wait for a message that is
// being sent. After UNAUTHENTICATED the server closes the lane.
func (s *ClientStream) free() {
	if status.Code(s.result()) == codes.Unauthenticated {
		s.release(false)
		return
	}
	select {
	case s.sending <- struct{}{}:
		ok := s.ended || s.conn.writer.control(kindCancel, nil) == nil
		s.ended = true
		<-s.sending
		s.release(ok)
	default:
		go func() { s.release(s.sendCancel()) }()
	}
}

// RecvMsg implements grpc.ClientStream.
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

// receive reads a frame. done means that it was a message.
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

// fail ends the call, and the lane.
func (s *ClientStream) fail(outcome error) {
	if s.end(outcome, nil) {
		s.release(false)
	}
}

// headers takes the metadata of a server.
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

// Header implements grpc.ClientStream. It waits for the first frame of the server.
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
		s.conn.reading.Lock()
		s.conn.stash = next
		s.conn.reading.Unlock()
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.header, err
}

// Trailer implements grpc.ClientStream.
func (s *ClientStream) Trailer() metadata.MD {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trailer
}

// SendMsg implements grpc.ClientStream. After the end of the call it returns io.EOF, and RecvMsg
// returns why.
func (s *ClientStream) SendMsg(message any) error {
	select {
	case s.sending <- struct{}{}:
	case <-s.ctx.Done():
		return contextError(s.ctx)
	}
	defer func() { <-s.sending }()
	if s.isOver() {
		return io.EOF
	}
	if s.ended {
		return status.Error(codes.Internal, "lane: SendMsg after CloseSend")
	}
	encoded, err := s.conn.options.Codec.Marshal(message)
	if err != nil {
		return status.Errorf(codes.Internal, "grpc: error while marshaling: %v", err)
	}
	if err := s.conn.send(s.ctx, encoded); err != nil {
		if s.ctx.Err() != nil {
			return contextError(s.ctx)
		}
		return io.EOF // reading finds the reason
	}
	return nil
}

// CloseSend implements grpc.ClientStream.
func (s *ClientStream) CloseSend() error {
	select {
	case s.sending <- struct{}{}:
	case <-s.ctx.Done():
		return nil
	}
	defer func() { <-s.sending }()
	if s.isOver() || s.ended {
		return nil
	}
	s.ended = true
	_ = s.conn.writer.append(s.ctx, kindEnd, nil, 0) // reading finds the reason of a failure
	return nil
}
