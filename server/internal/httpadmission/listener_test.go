package httpadmission_test

import (
	"errors"
	"net"
	"syscall"
	"testing"

	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/internal/httpadmission"
)

// failing is a listener whose first connections cannot be accepted.
type failing struct {
	net.Listener
	failures int
}

func (f *failing) Accept() (net.Conn, error) {
	if f.failures > 0 {
		f.failures--
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return f.Listener.Accept()
}

// TestListener checks that a listener goes on after it could not accept connections for a while, and
// that Close ends Accept.
func TestListener(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	adapter := httpadmission.New(admission.New(admission.Options{}), httpadmission.Options{})
	listener := adapter.Listener(&failing{inner, 3}, nil)
	client, err := net.Dial("tcp", inner.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	if err := listener.Close(); err != nil {
		t.Error(err)
	}
	if _, err := listener.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}
