// Package drain lets a handler fail without its client missing why. A server that
// ends a stream while the client still sends resets it, and some clients then
// report the reset instead of the status.
package drain

import (
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Bounds of what is received in vain: enough for what was under way when the
// handler failed, and for a client that notices only at the end of a small file.
const (
	MaxBytes = 64 << 20
	MaxTime  = 2 * time.Second
)

// Stream receives and drops what the client of a stream still sends, until the
// client has sent all or has gone, or a bound is reached. The handler must return
// next and not touch the stream again.
func Stream(stream grpc.ServerStream) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for received := 0; received < MaxBytes; {
			// To Empty every field is unknown, so this takes any message.
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
		// The goroutine ends when the handler returns, because that ends the stream.
	}
}
