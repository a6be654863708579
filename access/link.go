package access

import "strings"

// Link is a sharing link. Its caller has the rights of the principal that has made it, limited to
// an action and a path.
type Link struct {
	// ID identifies the link, in logs as well. It is no secret.
	ID string
	// Path is the path of a file or, with Directory, of a directory of the store.
	Path      string
	Directory bool
	// Action is Read, for a link to read a file or what is below a directory and list it, or
	// Create, for a link to make files below a directory.
	Action Action
	// MaxBytes is the largest file that may be made with the link, in bytes; 0 means that only
	// the limits of the principal hold.
	MaxBytes int64
}

// Permits reports whether the link is for an action on a path.
func (l *Link) Permits(action Action, path string) bool {
	below := l.Directory && strings.HasPrefix(path, l.Path+"/")
	switch l.Action {
	case Read:
		return (action == Read || action == List) && (below || path == l.Path)
	case Create:
		return action == Create && below
	default:
		return false
	}
}
