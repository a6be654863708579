package lane

import (
	"io"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// SendMsg implements grpc.ClientStream. It waits while too much waits to be written. After the
// end of the call it returns io.EOF, and RecvMsg returns the reason.
func (s *ClientStream) SendMsg(message any) error {
	if !s.sending.LockUnless(s.ctx.Done()) {
		return s.unsent()
	}
	defer s.sending.Unlock()
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
		return s.unsent()
	}
	return nil
}

// unsent returns the error of a message that was not sent. It is that of the context only while
// the call has not ended: a caller may end the context after the call.
func (s *ClientStream) unsent() error {
	if s.ctx.Err() != nil && !s.isOver() {
		return contextError(s.ctx)
	}
	return io.EOF // reading finds the reason
}

// CloseSend implements grpc.ClientStream. It returns nil: RecvMsg returns the reason if it fails.
func (s *ClientStream) CloseSend() error {
	if !s.sending.LockUnless(s.ctx.Done()) {
		return nil
	}
	defer s.sending.Unlock()
	if s.isOver() || s.ended {
		return nil
	}
	s.ended = true
	_ = s.conn.writer.append(s.ctx, kindEnd, nil, 0) // reading finds the reason of a failure
	return nil
}
