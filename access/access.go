// Package access has the words for who makes a call and what they may do: the
// Principal that authentication puts into a call's context, whatever it was found
// by, and the actions that a policy allows. The packages below it find principals
// and decide; everything else only reads them here.
package access

import (
	"context"
	"fmt"
)

// Principal is who makes a call. The zero value is somebody unknown.
type Principal struct {
	// Name tells principals apart, whatever they were authenticated by; "" is
	// somebody unknown.
	Name string
	// Groups the principal is in, as its credentials say.
	Groups []string
	// Source says what it was authenticated by: "certificate", "token", "oidc"; ""
	// for somebody unknown.
	Source string
}

// IsAnonymous reports whether it is somebody unknown.
func (p Principal) IsAnonymous() bool { return p.Name == "" }

// contextKey is the key of the principal in a context.
type contextKey struct{}

// NewContext returns a context in which p makes the calls.
func NewContext(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, contextKey{}, p)
}

// FromContext returns who makes the calls of ctx; somebody unknown, if nobody said.
func FromContext(ctx context.Context) Principal {
	p, _ := ctx.Value(contextKey{}).(Principal)
	return p
}

// Action is something that is done with a path.
type Action uint8

// The actions of a policy.
const (
	// Read is to get a file's content and attributes.
	Read Action = iota + 1
	// Write is to make or replace a file, or change its attributes.
	Write
	// Delete is to remove a file, or move it away.
	Delete
	// List is to learn that a file or directory is there.
	List
)

// Actions are all of them.
func Actions() []Action { return []Action{Read, Write, Delete, List} }

// String is "read", "write", "delete" or "list".
func (a Action) String() string {
	switch a {
	case Read:
		return "read"
	case Write:
		return "write"
	case Delete:
		return "delete"
	case List:
		return "list"
	default:
		return fmt.Sprintf("Action(%d)", uint8(a))
	}
}

// ParseAction is the reverse of String.
func ParseAction(text string) (Action, error) {
	for _, action := range Actions() {
		if action.String() == text {
			return action, nil
		}
	}
	return 0, fmt.Errorf("%q is not an action: it must be read, write, delete or list", text)
}
