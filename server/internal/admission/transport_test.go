package admission_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/server/internal/admission"
)

// transport is a way in through a Door. Each protection is tested over every transport.
type transport interface {
	// serve runs the methods below behind a door until the test ends, and returns their
	// address.
	serve(t *testing.T, door *admission.Door) string
	// connect connects to an address, at the first call at the latest, until the test
	// ends.
	connect(t *testing.T, address string) connection
}

// connection is the client's end of a connection. Its errors match those of package
// tranship that the server sent.
type connection interface {
	// call calls a method with one message.
	call(ctx context.Context, method, token string) (string, error)
	// open begins a call that streams.
	open(ctx context.Context, method, token string) (stream, error)
	close()
}

// stream is the client's end of a call that streams.
type stream interface {
	// exchange sends a message, and receives its reply.
	exchange() (string, error)
	// receive waits for a message, and for the end of the call.
	receive() (string, error)
	// end says that no message follows.
	end() error
}

func transports() map[string]transport {
	return map[string]transport{"gRPC": grpcTransport{}, "lanes": laneTransport{}, "lines": lineTransport{}}
}

// overAll runs a test over every transport.
func overAll(t *testing.T, test func(t *testing.T, transport transport)) {
	for name, transport := range transports() {
		t.Run(name, func(t *testing.T) { test(t, transport) })
	}
}

// The methods that every transport serves. With one message: echo tells the principal,
// fail fails, crash panics. Of those that stream, chat tells the principal in reply to
// each message, and upload only receives.
const (
	echo, fail, crash = "echo", "fail", "crash"
	chat, upload      = "chat", "upload"
)

// unary is the service's side of a method with one message.
func unary(ctx context.Context, method string) (string, error) {
	switch method {
	case echo:
		return access.FromContext(ctx).Name, nil
	case fail:
		return "", fmt.Errorf("%w: this is not for %s", tranship.ErrDenied, access.FromContext(ctx).Name)
	default:
		panic("a secret")
	}
}

// serving is the service's end of a call that streams.
type serving interface {
	Context() context.Context
	receive() error
	send(text string) error
}

// streaming is the service's side of a method that streams.
func streaming(method string, s serving) error {
	for {
		err := s.receive()
		if err == nil && method == chat {
			err = s.send(access.FromContext(s.Context()).Name)
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// tokens is an authenticator by a table.
type tokens struct {
	mu   sync.Mutex
	good map[string]string // names by token
}

func newTokens() *tokens {
	return &tokens{good: map[string]string{"t-ann": "ann", "t-ben": "ben"}}
}

// Authenticate implements authn.Authenticator.
func (a *tokens) Authenticate(_ context.Context, credentials authn.Credentials) (authn.Identity, error) {
	if !strings.HasPrefix(credentials.Token, "t-") {
		return authn.Identity{}, authn.ErrNotMine
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	name, ok := a.good[credentials.Token]
	if !ok {
		return authn.Identity{}, &authn.Refusal{Text: "the token is not valid", Reason: errors.New("it is unknown")}
	}
	return authn.Identity{Principal: access.Principal{Name: name, Source: "token"}}, nil
}

func (a *tokens) revoke(token string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.good, token)
}

// auditLog keeps what a Door refuses, each in one line.
type auditLog struct {
	mu    sync.Mutex
	lines []string
}

func (l *auditLog) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
}

// count returns how many lines have all of these words.
func (l *auditLog) count(words ...string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
lines:
	for _, line := range l.lines {
		for _, word := range words {
			if !strings.Contains(line, word) {
				continue lines
			}
		}
		n++
	}
	return n
}

func (l *auditLog) Refused(address, reason string) {
	l.add(fmt.Sprint("authenticate ", address, " ", reason))
}

func (l *auditLog) RefusedHandshake(address, reason string) {
	l.add(fmt.Sprint("handshake ", address, " ", reason))
}

func (l *auditLog) RefusedConnection(address, reason string) {
	l.add(fmt.Sprint("connect ", address, " ", reason))
}

func (l *auditLog) RefusedCall(ctx context.Context, method, _, _, _ string, err error) {
	l.add(fmt.Sprint("call ", access.PeerFromContext(ctx), " ", access.FromContext(ctx).Name, " ", method, " ", err))
}
