// Package access defines the identity of the caller of a call, and the actions that a
// policy allows. Authentication puts the Principal of a call into its context, whatever
// the kind of the credentials; all other code only reads it there. The packages below
// access authenticate callers and decide what they may do.
package access

import (
	"context"
	"fmt"
)

// Principal is the identity of a caller. The zero value is the anonymous principal.
type Principal struct {
	// Name identifies the principal, whatever the kind of its credentials; "" for the
	// anonymous principal.
	Name string
	// Groups are the groups that the principal is in according to its credentials.
	Groups []string
	// Source is the kind of the credentials: "certificate", "token", "oidc" or another
	// name that an authenticator has set; "" for the anonymous principal.
	Source string
	// Link is the sharing link through which the caller acts as the principal that has made it;
	// nil for the principal itself. The caller then has only the rights of the link. A Link is
	// not changed once a Principal has it.
	Link *Link
}

// IsAnonymous reports whether p is the anonymous principal, which has no name.
func (p Principal) IsAnonymous() bool { return p.Name == "" }

// contextKey is the key of the principal in a context.
type contextKey struct{}

// NewContext returns a context for calls of the principal p.
func NewContext(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, contextKey{}, p)
}

// FromContext returns the principal that NewContext has put into ctx, and the anonymous
// principal if there is none.
func FromContext(ctx context.Context) Principal {
	p, _ := ctx.Value(contextKey{}).(Principal)
	return p
}

// Action is a kind of operation on a path, for which a policy gives permission.
type Action uint8

// The actions of a policy.
const (
	// Read is to read the content and attributes of a file.
	Read Action = iota + 1
	// Write is to make or replace a file, or change its attributes.
	Write
	// Delete is to remove a file, or move it to another path.
	Delete
	// List is to learn that a file or directory exists.
	List
	// Create is to make a file where none is. Write includes it.
	Create
	// Admin is to see and end what all principals do at a server. It is a right on the whole
	// store, and includes no other action: the path of a question about it is "".
	Admin
	// Share is to make a sharing link to a file or directory. It includes no other action: the
	// principal needs those of the link, too, as long as the link is used.
	Share
)

// FileActions returns the actions on files: all but Admin and Share.
func FileActions() []Action { return []Action{Read, Write, Delete, List, Create} }

// Actions returns all actions.
func Actions() []Action { return append(FileActions(), Admin, Share) }

// String returns "read", "write", "delete", "list", "create", "admin" or "share".
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
	case Create:
		return "create"
	case Admin:
		return "admin"
	case Share:
		return "share"
	default:
		return fmt.Sprintf("Action(%d)", uint8(a))
	}
}

// ParseAction returns the action whose String is text.
func ParseAction(text string) (Action, error) {
	for _, action := range Actions() {
		if action.String() == text {
			return action, nil
		}
	}
	return 0, fmt.Errorf("%q is not an action: it must be read, write, delete, list, create, admin or share", text)
}
