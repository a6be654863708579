package admission

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship/server/limit"
)

// The messages of a stream cost no allocation, with all limits and credentials.
func TestMessagesDoNotAllocate(t *testing.T) {
	d := slow(limit.Options{Bandwidth: 1 << 50, BandwidthPerPrincipal: 1 << 50})
	call, err := begin(d, as(t.Context(), "ann", "192.0.2.1:1"))
	if err != nil {
		t.Fatal(err)
	}
	defer call.End()
	err = call.Run(Stream{}, func() error {
		allocations := testing.AllocsPerRun(1000, func() {
			call.Receiving()
			if err := call.Received(1<<10, nil); err != nil {
				t.Error(err)
			}
			if err := call.Sending(1 << 10); err != nil {
				t.Error(err)
			}
			call.Sent(1 << 10)
		})
		if allocations != 0 {
			t.Errorf("a message each way costs %v allocations", allocations)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// A message that does not arrive in time ends the call, also where its read goes on; and
// when the context ends while read fails, its error counts.
func TestReceive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := slow(limit.Options{})
		call, err := begin(d, as(t.Context(), "ann", "192.0.2.1:1"))
		if err != nil {
			t.Fatal(err)
		}
		stop := make(chan error, 1)
		start := time.Now()
		if err := call.Receive(func() error { return <-stop }); !errors.Is(err, context.Canceled) || time.Since(start) != arrivalTime {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		stop <- nil
		call.End()
	})
	for range 100 {
		d := slow(limit.Options{})
		ctx, cancel := context.WithCancel(as(t.Context(), "ann", "192.0.2.1:1"))
		call, err := begin(d, ctx)
		if err != nil {
			t.Fatal(err)
		}
		failure := errors.New("too large")
		err = call.Receive(func() error {
			cancel() // as gRPC ends a call whose message is too large
			return failure
		})
		if !errors.Is(err, failure) {
			t.Fatal(err)
		}
		call.End()
	}
}
