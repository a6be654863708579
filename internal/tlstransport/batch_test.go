package tlstransport

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
)

// recorder is a connection that keeps what each Write wrote.
type recorder struct {
	net.Conn
	mu     sync.Mutex
	writes [][]byte
	err    error
}

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return 0, r.err
	}
	r.writes = append(r.writes, bytes.Clone(p))
	return len(p), nil
}

func TestBatch(t *testing.T) {
	record := bytes.Repeat([]byte("r"), 16<<10)
	raw := &recorder{}
	b := &batch{Conn: raw, buffers: &sync.Pool{}}

	write := func(p []byte) {
		t.Helper()
		if n, err := b.Write(p); n != len(p) || err != nil {
			t.Fatalf("wrote %d of %d bytes: %v", n, len(p), err)
		}
	}
	write([]byte("handshake"))
	if len(raw.writes) != 1 {
		t.Error("a write outside a batch was buffered")
	}
	b.begin()
	for range 4 {
		write(record)
	}
	if len(raw.writes) != 1 {
		t.Errorf("records of a batch are written %d times before its end", len(raw.writes)-1)
	}
	if err := b.end(); err != nil || len(raw.writes) != 2 {
		t.Errorf("a batch is written %d times: %v", len(raw.writes)-1, err)
	}
	b.begin()
	for range 10 {
		write(record)
	}
	write(bytes.Repeat([]byte("x"), 2*batchBytes))
	write([]byte("end"))
	if err := b.end(); err != nil {
		t.Error(err)
	}
	want := records([]byte("handshake"), 4*16<<10, 10*16<<10)
	want = append(want, bytes.Repeat([]byte("x"), 2*batchBytes)...)
	want = append(want, "end"...)
	if got := bytes.Join(raw.writes, nil); !bytes.Equal(got, want) {
		t.Errorf("%d bytes came out of %d, or in another order", len(got), len(want))
	}
}

func records(head []byte, lengths ...int) []byte {
	for _, n := range lengths {
		head = append(head, bytes.Repeat([]byte("r"), n)...)
	}
	return head
}

// TestBatchFails checks that a failed write is reported.
func TestBatchFails(t *testing.T) {
	broken := errors.New("broken")
	b := &batch{Conn: &recorder{err: broken}, buffers: &sync.Pool{}}
	b.begin()
	if _, err := b.Write([]byte("held")); err != nil {
		t.Error(err)
	}
	if err := b.end(); !errors.Is(err, broken) {
		t.Errorf("the end of a batch that was not written: %v", err)
	}
	left, right := net.Pipe()
	_ = right.Close()
	c := &conn{&sink{batch: &batch{Conn: left, buffers: &sync.Pool{}}}, nil}
	c.batch = c.Conn.(*sink).batch
	if n, err := c.Write([]byte("lost")); n != 0 || !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("wrote %d bytes to a failed connection: %v", n, err)
	}
}

// sink is a connection over a batch, like that of crypto/tls.
type sink struct {
	net.Conn
	batch *batch
}

func (s *sink) Write(p []byte) (int, error) { return s.batch.Write(p) }
