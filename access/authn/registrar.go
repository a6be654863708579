package authn

import (
	"context"

	"github.com/tranship/tranship/access"
)

// Registrar is an Authenticator that knows all principals whose credentials it accepts, so that it
// can tell whether a principal is still one of them while the principal itself is away. It is safe
// for concurrent use.
type Registrar interface {
	// Registered returns the principal of a name, with the groups of all its credentials that
	// are valid now. It returns ErrNotMine for a name that the Registrar gives to no principal, a
	// *Refusal if the principal has no valid credentials any more, and tranship.ErrUnavailable if
	// it cannot decide at the moment.
	Registered(ctx context.Context, name string) (access.Principal, error)
}
