package guard

import (
	"context"
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
)

// CheckAdministrator returns nil if the policy allows the caller of ctx to administer the server:
// access.Admin on the whole store. Otherwise it returns an error that matches tranship.ErrDenied,
// also if the caller is anonymous, whatever the policy allows.
func CheckAdministrator(ctx context.Context, policy Policy) error {
	caller := access.FromContext(ctx)
	switch {
	case caller.IsAnonymous():
		return fmt.Errorf("%w: anonymous clients may not administer the server: give a token or a client certificate", tranship.ErrDenied)
	case caller.Link != nil:
		return fmt.Errorf("%w: a link is not for the administration of the server", tranship.ErrDenied)
	case !policy.Allowed(caller, access.Admin, ""):
		return fmt.Errorf("%w: %s may not administer the server: its policy needs a line such as \"allow %s admin /\"", tranship.ErrDenied, caller.Name, caller.Name)
	}
	return nil
}
