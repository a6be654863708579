package admission

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/server/internal/fair"
	"github.com/tranship/tranship/server/internal/native"
)

// TestMemoryCalls checks that a call too many waits, that one caller does not get all, and
// that it is refused when that takes too long, or when too many wait.
func TestMemoryCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := NewMemory(MinMemoryLimit)
		const places, share, waiting = 4, 3, 3 // of 16 MiB, 4 MiB each
		others := access.NewPeerContext(t.Context(), &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)})
		var leaves []func()
		for i := range places {
			ctx := t.Context()
			if i >= share {
				ctx = others
			}
			place, err := memory.Enter(ctx, 1, false)
			if err != nil {
				t.Fatal(err)
			}
			leaves = append(leaves, place.Leave)
		}
		entered := make(chan error, waiting)
		for range waiting {
			go func() {
				_, err := memory.Enter(t.Context(), 1, false)
				entered <- err
			}()
		}
		synctest.Wait()
		if _, err := memory.Enter(t.Context(), 1, false); !errors.Is(err, tranship.ErrUnavailable) || len(entered) != 0 {
			t.Fatalf("while as many wait as may: %v", err)
		}
		others, cancel := context.WithCancel(others)
		cancel()
		if _, err := memory.Enter(others, 1, false); !errors.Is(err, context.Canceled) {
			t.Errorf("another caller may not even wait: %v", err)
		}
		leaves[0]()
		synctest.Wait()
		if len(entered) != 1 {
			t.Fatalf("%d entered when one left", len(entered))
		}
		if err := <-entered; err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for range waiting - 1 {
			if err := <-entered; !errors.Is(err, tranship.ErrUnavailable) || time.Since(start) != fair.WaitTime {
				t.Errorf("after %v: %v", time.Since(start), err)
			}
		}
	})
}

// TestMemoryOvertaken checks that a call that had to give way hands no message to its
// handler: its client was told that nothing was done.
func TestMemoryOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := NewMemory(MinMemoryLimit)
		place, err := memory.Enter(t.Context(), 1, true)
		if err != nil {
			t.Fatal(err)
		}
		call := &Call{place: place}
		if _, err := memory.Enter(t.Context(), 1, true); err != nil {
			t.Fatal(err)
		}
		for address := range byte(3) {
			other := access.NewPeerContext(t.Context(), &net.TCPAddr{IP: net.IPv4(192, 0, 2, address)})
			if _, err := memory.Enter(other, 1, false); err != nil {
				t.Fatal(err)
			}
		}
		<-place.Over()
		call.Receiving()
		err = call.Received(0, nil)
		if class := failure.Of(t.Context(), err); err == nil || class != failure.Refused {
			t.Errorf("the first message is received with %v, which is %v", err, class)
		}
	})
}

// TestMemoryPayload checks that payload beyond its part of the limit waits, in the
// order in which it came, and that a piece larger than all there is still gets through.
func TestMemoryPayload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := NewMemory(MinMemoryLimit)
		const piece = 256 << 10
		order := make(chan int, 100)
		for n := range 10 {
			go func() {
				if memory.Hold(t.Context(), piece) == nil {
					order <- n
				}
			}()
			synctest.Wait()
		}
		for want := range 10 {
			if held := len(order); held != min(4, 10-want) {
				t.Fatalf("%d pieces of 256 KiB are held of 32 MiB", held)
			}
			if n := <-order; n != want {
				t.Errorf("piece %d came instead of %d", n, want)
			}
			memory.Drop(piece)
			synctest.Wait()
		}
		if err := memory.Hold(t.Context(), 100*piece); err != nil {
			t.Error(err)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if memory.Hold(ended, 1) == nil {
			t.Error("got memory that is in use")
		}
		memory.Drop(100 * piece)
		if err := memory.Hold(t.Context(), piece); err != nil {
			t.Error(err)
		}
	})
}

// TestMemoryWeight checks that calls with larger messages count for more.
func TestMemoryWeight(t *testing.T) {
	for message, want := range map[int]int64{1 << 20: 1, DefaultMaxMessageBytes: 1, DefaultMaxMessageBytes + 1: 2, 64 << 20: 22} {
		if got := weight(message); got != want {
			t.Errorf("a call with messages of %d bytes counts for %d, want %d", message, got, want)
		}
	}
	memory := NewMemory(MinMemoryLimit)
	place, err := memory.Enter(t.Context(), weight(1<<30), false)
	if err != nil {
		t.Fatal(err)
	}
	place.Leave()
	if memory.calls.Present() != 0 {
		t.Error("who has left is remembered")
	}
}

// TestMemoryStreams checks that uploads are granted less streams the more uploads there
// are, never more than there are in all but one for each, and one when memory is needed
// otherwise.
func TestMemoryStreams(t *testing.T) {
	memory := NewMemory(0)
	var sessions []*native.StreamGrant
	for n := 1; n <= 64; n++ {
		sessions = append(sessions, &native.StreamGrant{})
		granted := sessions[n-1].Ask(memory, n)
		if n == 1 && granted < 20 {
			t.Errorf("a single upload is granted %d streams only", granted)
		}
		if n > 1 && granted != 1 {
			t.Errorf("upload %d is granted %d streams while the first has all", n, granted)
		}
	}
	if granted := sessions[0].Ask(memory, 64); granted != 1 {
		t.Errorf("one of 64 uploads is granted %d streams", granted)
	}
	for _, ended := range sessions[2:] {
		ended.Revoke(memory)
		if granted := ended.Ask(memory, 2); granted != 1 {
			t.Errorf("an upload that has ended is granted %d streams", granted)
		}
	}
	for _, left := range sessions[:2] {
		if granted := left.Ask(memory, 2); granted != uint32(memory.capacity/wideFraction/2) {
			t.Errorf("one of two uploads is granted %d streams", granted)
		}
	}
	for range memory.capacity/2 + 1 {
		if _, err := memory.Enter(t.Context(), 1, false); err != nil {
			t.Fatal(err)
		}
	}
	if granted := sessions[0].Ask(memory, 1); granted != 1 {
		t.Errorf("when memory is needed otherwise, %d streams are granted", granted)
	}
	sessions[0].Revoke(memory)
	sessions[1].Revoke(memory)
	if memory.granted != 0 {
		t.Errorf("%d streams are granted, but no upload has them", memory.granted)
	}
}

// TestRepliesOfStream shares the memory for replies among streams.
func TestRepliesOfStream(t *testing.T) {
	memory := NewMemory(MinMemoryLimit)
	for _, test := range []struct{ active, want int64 }{{0, 2 << 20}, {1, 2 << 20}, {2, 1 << 20}, {100, leastReplies}} {
		memory.active.Store(test.active * callParts)
		if got := memory.RepliesOfStream(); got != int(test.want) {
			t.Errorf("with %d streams each has %d bytes, want %d", test.active, got, test.want)
		}
	}
	memory = NewMemory(0)
	memory.active.Store(callParts)
	if got := memory.RepliesOfStream(); got != mostReplies {
		t.Errorf("a stream alone has %d bytes, want %d", got, mostReplies)
	}
}

// TestMemorySmall checks that calls that take less than others count for what they take.
func TestMemorySmall(t *testing.T) {
	for bytes, parts := range map[int64]int64{0: 1, 1: 1, partBytes: 1, partBytes + 1: 2, callParts * partBytes: callParts} {
		memory := NewMemory(0)
		for n := int64(1); ; n++ {
			ctx, cancel := context.WithCancel(t.Context())
			cancel() // a call that would have to wait fails
			place, err := memory.EnterSmall(ctx, bytes, false)
			if err != nil {
				if want := (memory.capacity - memory.capacity/4) * callParts / parts; n-1 != want {
					t.Errorf("one caller has %d calls of %d bytes, want %d", n-1, bytes, want)
				}
				break
			}
			defer place.Leave()
			if got, want := memory.underWay(), (n*parts+callParts-1)/callParts; got != want {
				t.Fatalf("%d calls of %d bytes count for %d, want %d", n, bytes, got, want)
			}
		}
	}
}
