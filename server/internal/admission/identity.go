package admission

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/internal/recorded"
)

type (
	presentedCredentials = authn.Credentials
	identity             = authn.Identity
)

// Presented is what a call presents to show who makes it.
type Presented struct {
	// Authorization are the values of the call's authorization headers.
	Authorization []string
	// TLS is the state of the connection; nil without TLS. Only a connection whose
	// client has shown a certificate presents anything.
	TLS *tls.ConnectionState
	// Invalid is why what the call presents cannot be read; nil if it can. It is an error as
	// that of an Authenticator.
	Invalid error
	// Metadata returns the values of a key of the call's metadata, for Options.CallContext.
	Metadata func(key string) []string
}

// credentials returns what was presented, token first.
func (p Presented) credentials() (presented []authn.Credentials, err error) {
	if p.Invalid != nil {
		return nil, p.Invalid
	}
	token, err := authn.ParseAuthorization(p.Authorization)
	if token != "" {
		presented = append(presented, authn.Credentials{Token: token})
	}
	if p.TLS != nil && len(p.TLS.PeerCertificates) > 0 {
		presented = append(presented, authn.Credentials{TLS: p.TLS})
	}
	return presented, err
}

// Authenticate finds the principal that makes the call, and puts it into the call's
// context. open admits callers without credentials to this call; bad credentials are
// refused even so.
//
// A call may present a token, and its connection a certificate. Both must then be good,
// if any authenticator takes certificates, and the token says who the caller is. A token
// that no authenticator takes is refused. With Options.Caller nothing that is presented
// counts.
//
// The error matches tranship.ErrUnauthenticated, ErrUnavailable or, of Options.Caller,
// ErrDenied; or it tells nothing of an internal failure. The log and the audit log have
// it already.
func (c *Call) Authenticate(presented Presented, open bool) error {
	d := c.door
	var credentials []authn.Credentials
	var found identity
	var err error
	if d.options.Caller != nil {
		found.Principal, err = d.findCaller(c.ctx, open)
	} else if credentials, err = presented.credentials(); err == nil {
		found, err = d.identify(c.ctx, credentials)
	}
	if err == nil && found.IsAnonymous() {
		credentials, found = nil, identity{} // they say nothing, now and later
		if !d.options.Anonymous && !open {
			err = errNoCredentials
		}
	}
	if err != nil {
		return c.refuse(err)
	}
	c.presented, c.found, c.checked, c.authenticated = credentials, found, d.clock.Now(), true
	c.begin(presented)
	return nil
}

// begin begins the call of the principal that was found.
func (c *Call) begin(presented Presented) {
	d := c.door
	c.ctx = access.NewContext(c.ctx, c.found.Principal)
	if d.options.CallContext != nil {
		c.ctx = d.options.CallContext(c.ctx, c.method, presented.Metadata)
	}
	c.ctx, c.observed = d.observed.Begin(c.ctx, c.method)
}

// findCaller calls Options.Caller. A probe that needs no credentials may have bad ones.
func (d *Door) findCaller(ctx context.Context, open bool) (principal access.Principal, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("panic: %v\n%s", reason, debug.Stack())
		}
	}()
	principal, err = d.options.Caller(ctx)
	if open && errors.Is(err, tranship.ErrUnauthenticated) {
		return access.Principal{}, nil
	}
	return principal, err
}

// RequireCredentials refuses the caller of an open call whose message shows that the
// call needs credentials after all.
func (c *Call) RequireCredentials() error {
	if c.found.IsAnonymous() && !c.door.options.Anonymous {
		return c.refuse(errNoCredentials)
	}
	return nil
}

// checkAgain checks credentials again that were checked Recheck ago or earlier.
func (c *Call) checkAgain() error {
	if !c.isChecked() || c.door.clock.Now().Sub(c.checked) < c.door.options.Recheck {
		return nil
	}
	next, err := c.identifyAgain()
	if err == nil && !equal(next.Principal, c.found.Principal) {
		err = errChanged
	}
	if err != nil {
		return c.refuse(err)
	}
	c.found, c.checked = next, c.door.clock.Now()
	return nil
}

// isChecked reports whether the principal of the call has to be found again while it runs.
func (c *Call) isChecked() bool { return len(c.presented) > 0 || c.finder != nil }

// leastWait is how long credentials are left alone at least, also when they expire.
const leastWait = 100 * time.Millisecond

// scheduleRecheck checks the credentials of the call again later: every Recheck, and
// when they expire.
func (c *Call) scheduleRecheck() {
	if !c.isChecked() {
		return
	}
	wait := c.door.options.Recheck
	if expires := c.found.Expires; !expires.IsZero() {
		wait = max(min(wait, expires.Sub(c.door.clock.Now())), leastWait)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended {
		c.stopRecheck = c.door.clock.AfterFunc(wait, c.recheck)
	}
}

// recheck ends the call when its credentials are no longer good, or another principal's.
// Only one recheck of a call runs at a time.
func (c *Call) recheck() {
	if c.ctx.Err() != nil {
		return
	}
	next, err := c.identifyAgain()
	if err == nil && !equal(next.Principal, c.found.Principal) {
		err = errChanged
	}
	switch {
	case c.ctx.Err() != nil:
	case err != nil:
		c.end(c.refuse(err))
	default:
		c.found = next
		c.door.client(c.ctx) // whose own limits may have changed
		c.scheduleRecheck()
	}
}

// refuse logs why the call is refused, and returns what its caller is told.
func (c *Call) refuse(err error) error {
	d, address := c.door, hostPort(c.address)
	told := isTold(err) || c.finder != nil && errors.Is(err, tranship.ErrNotFound)
	d.refusals.add(c.ctx, d.clock.Now(), strings.TrimPrefix(c.method, "/"), address, err, told)
	if !told {
		err = errInternal
	}
	if d.audit != nil {
		d.audit.Refused(address, err.Error())
		recorded.CallFailure(c.ctx)
	}
	return err
}

// isTold reports whether the caller is told of err, which a Caller or an authenticator
// returned. Any other error may tell what is not for clients.
func isTold(err error) bool {
	return errors.Is(err, tranship.ErrUnauthenticated) || errors.Is(err, tranship.ErrUnavailable) || errors.Is(err, tranship.ErrDenied)
}

// identify finds the principal of credentials, and an anonymous one without any. All
// must be good, and are so until the first of them expires; the first say who it is.
func (d *Door) identify(ctx context.Context, presented []authn.Credentials) (found authn.Identity, err error) {
	// Authenticators parse what attackers send.
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("panic: %v\n%s", reason, debug.Stack())
		}
	}()
	for _, credentials := range presented {
		identity, err := d.ask(ctx, credentials)
		switch {
		case errors.Is(err, authn.ErrNotMine) && credentials.Token == "":
			// The server may ask for certificates for reasons of its own.
			continue
		case errors.Is(err, authn.ErrNotMine):
			return authn.Identity{}, &authn.Refusal{Text: "the token is not valid", Reason: errors.New("no authenticator takes tokens of this form")}
		case err != nil:
			return authn.Identity{}, err
		case identity.IsAnonymous():
			return authn.Identity{}, errors.New("an authenticator found a principal without a name")
		}
		if found.IsAnonymous() {
			found.Principal = identity.Principal
		}
		if found.Expires.IsZero() || !identity.Expires.IsZero() && identity.Expires.Before(found.Expires) {
			found.Expires = identity.Expires
		}
	}
	return found, nil
}

func (d *Door) ask(ctx context.Context, credentials authn.Credentials) (authn.Identity, error) {
	for _, authenticator := range d.options.Authenticators {
		identity, err := authenticator.Authenticate(ctx, credentials)
		if !errors.Is(err, authn.ErrNotMine) {
			return identity, err
		}
	}
	return authn.Identity{}, authn.ErrNotMine
}

var (
	errNoCredentials = &authn.Refusal{
		Text:    "this server wants to know who makes a call: give a token or a client certificate",
		Missing: &tranship.CredentialsError{Token: true, Certificate: true},
	}
	// errInternal is a failure that is not the caller's to know.
	errInternal = errors.New("internal error")
	// errChanged makes a client call again, as the principal that it is now.
	errChanged = fmt.Errorf("%w: the principal of these credentials has changed", tranship.ErrUnavailable)
)

func equal(a, b access.Principal) bool {
	return a.Name == b.Name && a.Source == b.Source && slices.Equal(a.Groups, b.Groups)
}
