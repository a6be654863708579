// Package localonly keeps connections on this machine: what is sent in the clear must
// not leave it. It decides on the address that is connected to, not on the name that
// led there: "localhost" may be anything in somebody's name server.
package localonly

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

// Error says which address was refused.
type Error struct{ Address string }

// Error implements error.
func (e *Error) Error() string { return e.Address + " is another machine" }

// Control, as that of a net.Dialer, refuses addresses of other machines, before
// anything is sent to them. What the dialer fails with then is an *Error inside.
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
