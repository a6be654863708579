package admission

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
)

// Finder finds the principal of a call by something else than the credentials of its caller, such
// as a sharing link. It is asked again while the call runs, as credentials are checked again, and
// must always return the same principal. An error that matches tranship.ErrNotFound,
// ErrUnauthenticated, ErrDenied or ErrUnavailable goes to the caller; any other is logged, and the
// caller is told of an internal error.
type Finder func(ctx context.Context) (authn.Identity, error)

// AuthenticateBy is Authenticate for a call whose principal finder finds. Nothing else that the call
// presents counts.
func (c *Call) AuthenticateBy(finder Finder) error {
	c.finder = finder
	found, err := find(c.ctx, finder)
	if err != nil {
		return c.refuse(err)
	}
	c.authenticated, c.found, c.checked = true, found, c.door.clock.Now()
	c.begin(Presented{})
	return nil
}

// find calls a Finder, which parses what attackers send.
func find(ctx context.Context, finder Finder) (found authn.Identity, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("panic: %v\n%s", reason, debug.Stack())
		}
	}()
	found, err = finder(ctx)
	if err == nil && found.IsAnonymous() {
		err = errors.New("a finder found a principal without a name")
	}
	return found, err
}

// identifyAgain finds the principal of a call that has one, again.
func (c *Call) identifyAgain() (authn.Identity, error) {
	if c.finder != nil {
		return find(c.ctx, c.finder)
	}
	return c.door.identify(c.ctx, c.presented)
}

// Registered returns the principal of a name, as the authenticators of the Door know it now. It
// returns authn.ErrNotMine if none of them can know it; otherwise the error is that of
// authn.Registrar.
func (d *Door) Registered(ctx context.Context, name string) (access.Principal, error) {
	refusal := authn.ErrNotMine
	for _, authenticator := range d.options.Authenticators {
		registrar, ok := authenticator.(authn.Registrar)
		if !ok {
			continue
		}
		found, err := registrar.Registered(ctx, name)
		switch {
		case errors.Is(err, authn.ErrNotMine):
		case errors.Is(err, tranship.ErrUnauthenticated): // another may know the principal
			refusal = err
		default:
			return found, err
		}
	}
	return access.Principal{}, refusal
}
