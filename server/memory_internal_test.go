package server

import (
	"context"
	"testing"
	"testing/synctest"
)

// TestMemoryPayload checks that payload beyond a quarter of the limit waits, in the
// order in which it came, and that a piece larger than all there is still gets through.
func TestMemoryPayload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := NewMemory(MinMemoryLimit)
		const piece = 1 << 20
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
				t.Fatalf("%d pieces of 1 MiB are held of 16 MiB", held)
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
