package lane

import (
	"io"
	"net"
	"testing"

	"github.com/tranship/tranship/internal/bufferpool"
)

// TestLargeMessageWakesNothing checks that a large message leaves nothing to do for the goroutine
// that writes small frames.
func TestLargeMessageWakesNothing(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	go func() { _, _ = io.Copy(io.Discard, far) }()
	w := &writer{
		conn: near, pool: &bufferpool.Pool{}, sent: func(int) {},
		turn: newLock(), wake: make(chan struct{}, 1), room: make(chan struct{}, 1), over: make(chan struct{}),
	} // without run, which would take the signal
	if err := w.direct(t.Context(), [][]byte{make([]byte, bulkBytes)}, bulkBytes); err != nil {
		t.Fatal(err)
	}
	if len(w.wake) > 0 {
		t.Error("a large message woke the goroutine that writes small frames")
	}
	if err := w.append(t.Context(), kindEnd, nil, 0); err != nil {
		t.Fatal(err)
	}
	if len(w.wake) == 0 {
		t.Error("a small frame did not wake the goroutine that writes it")
	}
}
