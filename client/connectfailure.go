package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/tranship/tranship"
)

// stage is how far a connection that was not made had come.
type stage int

const (
	// dialing means that nothing has answered.
	dialing stage = iota
	// handshaking means that the TLS handshake, or a check before it, failed.
	handshaking
	// waiting means that the connection ended before the server's first frame.
	waiting
	// foreign means that the server answered in another protocol than HTTP/2.
	foreign
)

// connectFailure is the reason why a connection was not made.
type connectFailure struct {
	// to is the address, with the port.
	to    string
	stage stage
	err   error
	// answer is the beginning of the answer if the stage is foreign.
	answer []byte
}

// weight is larger for a reason that reveals more about the server.
func (f connectFailure) weight() int {
	switch {
	case errors.Is(f.err, tranship.ErrInvalid):
		return 5
	case errors.Is(f.err, tranship.ErrUnauthenticated):
		return 4
	case f.stage == foreign:
		return 3
	case f.stage == handshaking && !isClosed(f.err):
		return 2
	case f.stage != dialing:
		return 1
	}
	return 0
}

// connectFailures are the failures of a connection at each address that was tried. They are
// safe for concurrent use.
type connectFailures struct {
	mu sync.Mutex
	// tried is in the order of the first attempts. The stage and error of an address
	// without a failure are zero.
	tried []connectFailure
	// lookup is the host name whose lookup has not ended; "" if there is none.
	lookup string
}

// setLookup records the host name whose lookup begins; "" means that it has ended.
func (f *connectFailures) setLookup(host string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lookup = host
}

// text describes the failure without its address.
func (f connectFailure) text() string {
	switch {
	case f.stage == foreign:
		text, _ := foreignAnswer(f.answer, false)
		return text
	case f.err == nil:
		return "has not answered"
	}
	// The address is reported elsewhere; the wrapped error is the reason.
	if below, ok := errors.AsType[*net.OpError](f.err); ok && below.Op == "dial" {
		return below.Err.Error()
	}
	return f.err.Error()
}

// maxTried is how many addresses are kept; grpc-go cannot begin more in the default time.
const maxTried = 20

// endedHere reports whether an attempt ended only because the client gave it up.
func endedHere(err error) bool {
	for _, ours := range []error{net.ErrClosed, os.ErrDeadlineExceeded, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, ours) {
			return true
		}
	}
	return false
}

// failed reports whether the attempt has failed.
func (f connectFailure) failed() bool { return f.err != nil || f.stage == foreign }

// note takes an attempt that begins, whose err is nil, or the failure of an attempt. It
// replaces an earlier failure at the same address unless that has more weight: a server that
// answers and closes the connection also makes writing fail.
func (f *connectFailures) note(failure connectFailure) {
	if endedHere(failure.err) {
		failure.err = nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	at := slices.IndexFunc(f.tried, func(known connectFailure) bool { return known.to == failure.to })
	switch {
	case at >= 0 && failure.failed() && failure.weight() >= f.tried[at].weight():
		f.tried[at] = failure
	case at < 0 && len(f.tried) < maxTried:
		f.tried = append(f.tried, failure)
	}
}

// main returns the failure with the greatest weight; of several, the last.
func (f *connectFailures) main() connectFailure {
	f.mu.Lock()
	defer f.mu.Unlock()
	var most connectFailure
	for _, failure := range f.tried {
		if failure.weight() >= most.weight() {
			most = failure
		}
	}
	return most
}

// describe adds the failures of all addresses to err if there are several.
func (f *connectFailures) describe(err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.tried) == 0 && f.lookup != "" {
		return fmt.Errorf("%w: the name servers have not found %s", err, f.lookup)
	}
	if len(f.tried) < 2 {
		return err
	}
	texts := make([]string, 0, len(f.tried))
	for _, failure := range f.tried {
		texts = append(texts, failure.to+" "+failure.text())
	}
	return &addressesError{fmt.Sprintf("none of its %d addresses has answered: %s", len(texts), strings.Join(texts, ", ")), err}
}

// addressesError is the error of a connection with several addresses.
type addressesError struct {
	text string
	err  error
}

// Error implements error.
func (e *addressesError) Error() string { return e.text }

// Unwrap returns the error of the connection.
func (e *addressesError) Unwrap() error { return e.err }
