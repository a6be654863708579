package guard

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/policy"
)

// links is a policy that limits callers with a sharing link to what the link is for. The principal
// of the link needs the rights to it at each use: to share the path of the link, and to do what the
// caller does.
type links struct{ Policy }

// Allowed implements Policy.
func (l links) Allowed(caller access.Principal, action access.Action, path string) bool {
	link := caller.Link
	if link == nil {
		return l.Policy.Allowed(caller, action, path)
	}
	caller.Link = nil
	return link.Permits(action, path) && l.Policy.Allowed(caller, access.Share, link.Path) && l.Policy.Allowed(caller, action, path)
}

// Prefixes implements Policy.
func (l links) Prefixes(caller access.Principal, action access.Action) policy.Prefixes {
	link := caller.Link
	if link == nil {
		return l.Policy.Prefixes(caller, action)
	}
	caller.Link = nil
	// What a link does not permit for a path, it does not permit for all below that.
	if !link.Permits(action, link.Path) || !l.Policy.Allowed(caller, access.Share, link.Path) {
		return nil
	}
	prefixes := l.Policy.Prefixes(caller, action)
	if prefixes.Contain(link.Path) {
		return policy.Prefixes{link.Path}
	}
	return slices.DeleteFunc(slices.Clone(prefixes), func(prefix string) bool { return !strings.HasPrefix(prefix, link.Path+"/") })
}

// CheckSharing returns nil if the policy allows the caller of ctx to share a path: access.Share and
// all that the link is for. Otherwise it returns an error that matches tranship.ErrDenied, also if
// the caller is anonymous or has a sharing link, whatever the policy allows.
func CheckSharing(ctx context.Context, policy Policy, path string, action access.Action) error {
	caller := access.FromContext(ctx)
	switch {
	case caller.IsAnonymous():
		return fmt.Errorf("%w: anonymous clients may not share files: give a token or a client certificate", tranship.ErrDenied)
	case caller.Link != nil:
		return fmt.Errorf("%w: a link cannot be made with a link", tranship.ErrDenied)
	case !policy.Allowed(caller, access.Share, path):
		return denied(caller, access.Share, path)
	case !policy.Allowed(caller, action, path):
		return denied(caller, action, path)
	}
	return nil
}
