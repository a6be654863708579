// Package drain makes sure that a client receives the status of a failed handler. A
// server that ends a stream while the client still sends resets it, and some clients then
// report the reset instead of the status.
package drain

import (
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Bounds of what is received and dropped. They cover what was in flight when the handler
// failed, and a client that notices the failure only at the end of a small file.
const (
	MaxBytes = 64 << 20
	MaxTime  = 2 * time.Second
)

// Stream receives and drops the remaining messages of a stream's client, until the client
// has sent all or disconnected, or a bound is reached. The caller must then return from
// the handler without using the stream again.
func Stream(stream grpc.ServerStream) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for received := 0; received < MaxBytes; {
			// All fields are unknown to Empty, so that it can decode every message.
			var message emptypb.Empty
			if stream.RecvMsg(&message) != nil {
				return
			}
			received += len(message.ProtoReflect().GetUnknown())
		}
	}()
	timer := time.NewTimer(MaxTime)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		// The goroutine ends after the handler returns, because that ends the stream.
	}
}
