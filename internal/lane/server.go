package lane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// ServerStream is the server's end of a call. It implements grpc.ServerStream.
type ServerStream struct {
	conn   *Conn
	ctx    context.Context
	cancel context.CancelCauseFunc
	// stop keeps wake from being called; woken is closed when wake has returned.
	stop  func() bool
	woken chan struct{}
	// over is closed when RecvMsg and SendMsg must fail.
	over     chan struct{}
	overOnce sync.Once
	// ended means that the client sends no more: it has half-closed or cancelled the call.
	ended atomic.Bool
	// sending is held while something is sent.
	sending lock

	mu              sync.Mutex
	header, trailer metadata.MD
	headerSent      bool
}

var _ grpc.ServerStream = (*ServerStream)(nil)

// Context implements grpc.ServerStream.
func (s *ServerStream) Context() context.Context { return s.ctx }

// end makes RecvMsg and SendMsg fail. It reports whether they did not before.
func (s *ServerStream) end() (first bool) {
	s.overOnce.Do(func() {
		first = true
		close(s.over)
	})
	return first
}

// isOver reports whether RecvMsg and SendMsg must fail.
func (s *ServerStream) isOver() bool { return isClosed(s.over) }

// wake makes RecvMsg return when the context has ended, and SendMsg soon.
func (s *ServerStream) wake() {
	defer close(s.woken)
	// A client that does not read must not keep the handler. Finish clears the deadline.
	_ = s.conn.net.SetWriteDeadline(time.Now().Add(endTime))
	if s.end() {
		s.conn.interrupt()
		s.conn.reading.Unlock()
	}
}

// RecvMsg implements grpc.ServerStream. It returns io.EOF after the client's end, and otherwise a
// status error: CANCELLED if the client has cancelled the call or was lost, and
// RESOURCE_EXHAUSTED after a message that is too large. A large message that allows pieces is
// received as package payload says.
func (s *ServerStream) RecvMsg(message any) error {
	if s.ended.Load() && s.ctx.Err() == nil {
		return io.EOF
	}
	c := s.conn
	if !c.reading.LockUnless(s.over) {
		return s.endError()
	}
	defer c.reading.Unlock()
	if s.isOver() || s.ended.Load() {
		return s.endError()
	}
	pieces, _ := message.(piecewise)
	if pieces != nil && pieces.NextBytes() > 0 {
		return s.receivePiece(pieces)
	}
	next, err := c.readMessage(pieces)
	if err != nil {
		return s.failed(err)
	}
	switch {
	case next.inPieces:
		return nil
	case next.kind == kindMessage:
		return receive(c, next.body, message)
	case next.kind == kindEnd:
		next.body.Free()
		s.ended.Store(true)
		go s.watch()
		return io.EOF
	case next.kind == kindCancel:
		next.body.Free()
		s.cancelled()
		return s.endError()
	default:
		next.body.Free()
		return s.failed(breach("a frame of kind %d within a call", next.kind))
	}
}

// receive decodes a message.
func receive(c *Conn, body mem.Buffer, message any) error {
	data := mem.BufferSlice{body}
	defer data.Free()
	if err := c.options.Codec.Unmarshal(data, message); err != nil {
		// These are grpc-go's words, by which callers recognize a malformed message.
		return status.Errorf(codes.Internal, "grpc: failed to unmarshal the received message: %v", err)
	}
	return nil
}

// endError returns the reason why nothing more is received or sent.
func (s *ServerStream) endError() error {
	if err := context.Cause(s.ctx); err != nil {
		if _, ok := status.FromError(err); ok {
			return err
		}
		return contextError(s.ctx)
	}
	return status.Error(codes.Canceled, "lane: the call has ended")
}

// cancelled ends the context because the client has cancelled the call.
func (s *ServerStream) cancelled() {
	s.ended.Store(true)
	s.end()
	s.cancel(context.Canceled)
}

// failed ends the context because reading has failed, and returns the error of the call. The
// caller must hold reading.
func (s *ServerStream) failed(err error) error {
	if isInterrupt(err) && s.isOver() {
		return s.endError()
	}
	large := (*tooLargeError)(nil)
	if errors.As(err, &large) {
		return large.status()
	}
	s.end()
	lost := lostCall(err)
	s.cancel(lost)
	s.conn.broken = true
	s.conn.lose()
	return lost
}

// lostCall returns the error of a handler whose client was lost because of err. As with gRPC, it
// is CANCELLED.
func lostCall(err error) error {
	return status.Error(codes.Canceled, fmt.Sprintf("lane: the connection was lost: %v", err))
}

// watch reads after the client's end until the call is over, so that the context ends when the
// client cancels the call or is lost.
func (s *ServerStream) watch() {
	c := s.conn
	if !c.reading.LockUnless(s.over) {
		return
	}
	defer c.reading.Unlock()
	for !s.isOver() {
		next, err := c.read()
		switch {
		case err != nil:
			_ = s.failed(err)
			return
		case next.kind == kindCancel:
			next.body.Free()
			s.cancelled()
			return
		case next.kind == kindHeaders && s.isOver():
			c.stash = next // of the next call: the client may have the status already
			return
		default:
			next.body.Free()
			_ = s.failed(breach("a frame of kind %d after the client's end", next.kind))
			return
		}
	}
}

// SetHeader implements grpc.ServerStream. It fails after the headers were sent, with SendHeader
// or the first message.
func (s *ServerStream) SetHeader(md metadata.MD) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.headerSent {
		return status.Error(codes.Internal, "lane: the headers were sent")
	}
	s.header = metadata.Join(s.header, md)
	return nil
}

// SendHeader implements grpc.ServerStream. It waits like SendMsg, while the context lasts.
func (s *ServerStream) SendHeader(md metadata.MD) error {
	if err := s.SetHeader(md); err != nil {
		return err
	}
	if err := s.beginSending(); err != nil {
		return err
	}
	s.sending.Unlock()
	return nil
}

// SetTrailer implements grpc.ServerStream.
func (s *ServerStream) SetTrailer(md metadata.MD) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trailer = metadata.Join(s.trailer, md)
}

// beginSending locks sending, and sends the headers unless they were sent. After an error, sending
// is not locked.
func (s *ServerStream) beginSending() error {
	if !s.sending.LockUnless(s.ctx.Done()) {
		return s.endError()
	}
	if s.isOver() {
		s.sending.Unlock()
		return s.endError()
	}
	if err := s.sendHeader(); err != nil {
		defer s.sending.Unlock()
		return s.unsent(err)
	}
	return nil
}

// sendHeader sends the headers, unless they are empty or were sent. The caller must hold
// sending.
func (s *ServerStream) sendHeader() error {
	s.mu.Lock()
	header, sent := s.header, s.headerSent
	s.headerSent = true
	s.mu.Unlock()
	if sent || len(header) == 0 {
		return nil
	}
	headers := &transhipv1.LaneResponseHeaders{Metadata: metadataToProto(header)}
	if err := checkMetadata(headers.GetMetadata()); err != nil {
		return err
	}
	encoded, err := proto.Marshal(headers)
	if err != nil {
		return err
	}
	return s.conn.writer.append(s.ctx, kindResponseHeaders, [][]byte{encoded}, len(encoded))
}

// SendMsg implements grpc.ServerStream. It waits while too much waits to be written. The error is
// a status error.
func (s *ServerStream) SendMsg(message any) error {
	if err := s.beginSending(); err != nil {
		return err
	}
	defer s.sending.Unlock()
	encoded, err := s.conn.options.Codec.Marshal(message)
	if err != nil {
		return status.Errorf(codes.Internal, "grpc: error while marshaling: %v", err)
	}
	if err := s.conn.send(s.ctx, encoded); err != nil {
		return s.unsent(err)
	}
	return nil
}

// unsent returns the error of a message that was not sent because of err.
func (s *ServerStream) unsent(err error) error {
	if s.ctx.Err() != nil {
		return s.endError()
	}
	lost := lostCall(err)
	s.cancel(lost)
	return lost
}
