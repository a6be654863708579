package localonly_test

import (
	"errors"
	"net"
	"testing"

	"github.com/tranship/tranship/internal/localonly"
)

func TestControl(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:1":          true,
		"127.255.0.9:1":        true,
		"[::1]:1":              true,
		"[::ffff:127.0.0.1]:1": true,
		"[::ffff:192.0.2.1]:1": false,
		"192.0.2.1:1":          false,
		"0.0.0.0:1":            false,
		"[::]:1":               false,
		"[fe80::1%lo]:1":       false,
		"localhost:1":          false,
		"":                     false,
	} {
		if err := localonly.Control("tcp", address, nil); (err == nil) != want {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// TestDial checks that a connection to another machine is refused, and that nothing
// arrives there.
func TestDial(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	dialer := net.Dialer{Control: localonly.Control}
	conn, err := dialer.DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = dialer.DialContext(t.Context(), "tcp", "192.0.2.1:9")
	if refused, ok := errors.AsType[*localonly.Error](err); !ok || refused.Address != "192.0.2.1:9" {
		t.Errorf("got %v, want that the address is refused", err)
	}
}
