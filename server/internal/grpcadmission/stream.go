package grpcadmission

import (
	"context"
	"sync/atomic"

	"google.golang.org/grpc"

	"github.com/tranship/tranship/internal/payload"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/server/internal/admission"
)

// admittedStream is a stream whose messages pass the Door.
type admittedStream struct {
	grpc.ServerStream
	call *admission.Call
	// named: nothing is to be learned from the next message, because there are many or
	// there was one. One goroutine receives.
	named bool
	// names has the admission.Names of the only message.
	names atomic.Value
}

// Context implements grpc.ServerStream.
func (s *admittedStream) Context() context.Context { return s.call.Context() }

// RecvMsg implements grpc.ServerStream.
func (s *admittedStream) RecvMsg(message any) error {
	s.call.Receiving()
	err := s.ServerStream.RecvMsg(message)
	length := int64(0)
	if err == nil {
		length = payloadLen(message)
	}
	refusal := s.call.Received(length, err)
	switch {
	case err != nil:
		return err
	case refusal != nil:
		if received, ok := message.(*payload.Message); ok {
			received.Free()
		}
		return rpcstatus.Error(refusal)
	case !s.named:
		s.named = true
		s.names.Store(namesOf(message))
	}
	return nil
}

// SendMsg implements grpc.ServerStream.
func (s *admittedStream) SendMsg(message any) error {
	length := payloadLen(message)
	if err := s.call.Sending(length); err != nil {
		return rpcstatus.Error(err)
	}
	err := s.ServerStream.SendMsg(message)
	s.call.Sent(length)
	return err
}

// payloadLen is how much payload a message has; 0 for messages that are not about files.
func payloadLen(message any) int64 {
	switch m := message.(type) {
	case *payload.Message:
		return int64(m.Len())
	case *payload.Encoded:
		return int64(m.Len())
	}
	return 0
}
