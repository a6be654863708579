package policy

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
)

const (
	// anonymous is the subject of the anonymous principal, and authenticated that of every
	// other one.
	anonymous     = "anonymous"
	authenticated = "*"
	// groupPrefix is the prefix of the subject of a group.
	groupPrefix = "group:"
	// placeholder is the segment that stands for the caller's name.
	placeholder = "{principal}"
	// wholeStore is the path of the whole store.
	wholeStore = "/"
)

// Rule is a line of a policy, which allows something.
type Rule struct {
	// Line is the number of the line in the file, from 1.
	Line int

	subject string
	actions []access.Action
	// path is "" for the whole store. personal is true if path has placeholders.
	path     string
	personal bool
}

// String returns the rule in the syntax of the file.
func (r Rule) String() string {
	actions := make([]string, len(r.actions))
	for i, action := range r.actions {
		actions[i] = action.String()
	}
	return strings.Join([]string{"allow", quote(r.subject), strings.Join(actions, ","), quote(cmp.Or(r.path, wholeStore))}, " ")
}

// isFor reports whether the subject of the rule covers p.
func (r Rule) isFor(p access.Principal) bool {
	switch group, isGroup := strings.CutPrefix(r.subject, groupPrefix); {
	case r.subject == anonymous:
		return p.IsAnonymous()
	case p.IsAnonymous():
		return false
	case isGroup:
		return slices.Contains(p.Groups, group)
	default:
		return r.subject == authenticated || r.subject == p.Name
	}
}

// prefix returns the path of the rule for a caller; "" for the whole store. It returns
// false if the rule has no path for the caller, because the caller's name cannot be a
// segment.
func (r Rule) prefix(p access.Principal) (string, bool) {
	if !r.personal {
		return r.path, true
	}
	if p.Name == "" || strings.Contains(p.Name, "/") {
		return "", false
	}
	segments := strings.Split(r.path, "/")
	for i, segment := range segments {
		if segment == placeholder {
			segments[i] = p.Name
		}
	}
	prefix := strings.Join(segments, "/")
	return prefix, tranship.ValidatePath(prefix) == nil
}

// allows reports whether the rule allows a caller an action on a path, which must be
// valid.
func (r Rule) allows(p access.Principal, action access.Action, path string) bool {
	return r.has(action) && r.isFor(p) && r.matches(p, path)
}

// has reports whether the rule has an action, or one that includes it.
func (r Rule) has(action access.Action) bool {
	return slices.Contains(r.actions, action) || action == access.Create && slices.Contains(r.actions, access.Write)
}

// matches reports whether path is the rule's path for a caller or below it. A name that
// cannot be a segment matches nothing, because path is valid.
func (r Rule) matches(p access.Principal, path string) bool {
	if !r.personal {
		return contains(r.path, path)
	}
	for want, more := r.path, true; more; {
		var segment, have string
		inside := path != ""
		segment, want, more = strings.Cut(want, "/")
		have, path, _ = strings.Cut(path, "/")
		if segment == placeholder {
			segment = p.Name
		}
		if !inside || segment != have {
			return false
		}
	}
	return true
}

// contains reports whether path is prefix or below it. A prefix of "" contains all paths.
func contains(prefix, path string) bool {
	rest, ok := strings.CutPrefix(path, prefix)
	return ok && (prefix == "" || rest == "" || rest[0] == '/')
}
