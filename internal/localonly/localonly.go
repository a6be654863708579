// Package localonly restricts unencrypted connections to this machine. It checks the
// address that is connected to, not the name, because a name server may resolve even
// "localhost" to another machine.
package localonly

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

// Error is the error for an address of another machine.
type Error struct{ Address string }

// Error implements error.
func (e *Error) Error() string { return e.Address + " is another machine" }

// Control is a Control function for a net.Dialer that refuses addresses of other machines
// before anything is sent to them. The dialer's error then wraps an *Error.
func Control(network, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%s address %s: %w", network, address, errors.ErrUnsupported)
	}
	if !to.Addr().Unmap().IsLoopback() {
		return &Error{address}
	}
	return nil
}
