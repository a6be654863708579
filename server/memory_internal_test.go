package server

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
)

// TestMemoryCalls checks that a call too many waits, and that it is refused when that
// takes too long, or when too many wait.
func TestMemoryCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := NewMemory(MinMemoryLimit)
		const room = 5 // 15 MiB, 3 MiB each
		var leaves []func()
		for range room {
			leave, err := memory.enter(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			leaves = append(leaves, leave)
		}
		entered := make(chan error, 2*room)
		for range room {
			go func() {
				_, err := memory.enter(t.Context())
				entered <- err
			}()
		}
		synctest.Wait()
		if _, err := memory.enter(t.Context()); !errors.Is(err, tranship.ErrUnavailable) || len(entered) != 0 {
			t.Fatalf("while as many wait as may: %v", err)
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
		for range room - 1 {
			if err := <-entered; !errors.Is(err, tranship.ErrUnavailable) || time.Since(start) != admissionTime {
				t.Errorf("after %v: %v", time.Since(start), err)
			}
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
				if memory.hold(t.Context(), piece) == nil {
					order <- n
				}
			}()
			synctest.Wait()
		}
		for want := range 10 {
			if held := len(order); held != min(4, 10-want) {
				t.Fatalf("%d pieces of 256 KiB are held of 16 MiB", held)
			}
			if n := <-order; n != want {
				t.Errorf("piece %d came instead of %d", n, want)
			}
			memory.drop(piece)
			synctest.Wait()
		}
		if err := memory.hold(t.Context(), 100*piece); err != nil {
			t.Error(err)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if memory.hold(ended, 1) == nil {
			t.Error("got memory that is in use")
		}
		memory.drop(100 * piece)
		if err := memory.hold(t.Context(), piece); err != nil {
			t.Error(err)
		}
	})
}

// TestMemoryBusy checks that uploads are told to do with one stream when there are
// many.
func TestMemoryBusy(t *testing.T) {
	memory := NewMemory(0)
	var last func()
	for range memory.capacity/busyFraction + 1 {
		if n := memory.streamsPerUpload(); n != 0 {
			t.Fatalf("with %d calls under way, %d streams", memory.active.Load(), n)
		}
		leave, err := memory.enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		last = leave
	}
	if n := memory.streamsPerUpload(); n != 1 {
		t.Errorf("when it is busy, %d streams", n)
	}
	last()
	if n := memory.streamsPerUpload(); n != 0 {
		t.Errorf("when others have left, %d streams", n)
	}
}
