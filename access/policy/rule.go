package policy

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
)

const (
	// anonymous is the subject of somebody unknown, anybody that of everybody known.
	anonymous = "anonymous"
	anybody   = "*"
	// groupPrefix begins the subject of a group.
	groupPrefix = "group:"
	// placeholder is the segment that stands for the caller's name.
	placeholder = "{principal}"
	// everything is the path of the whole store.
	everything = "/"
)

// Rule is one line that allows something.
type Rule struct {
	// Line is its number in the file, from 1.
	Line int

	subject string
	actions []access.Action
	// path is "" for everything. It is personal if placeholders are among its segments.
	path     string
	personal bool
}

// String is the rule as it could be written.
func (r Rule) String() string {
	actions := make([]string, len(r.actions))
	for i, action := range r.actions {
		actions[i] = action.String()
	}
	return strings.Join([]string{"allow", quote(r.subject), strings.Join(actions, ","), quote(cmp.Or(r.path, everything))}, " ")
}

// isFor reports whether the rule is about a caller.
func (r Rule) isFor(p access.Principal) bool {
	switch group, isGroup := strings.CutPrefix(r.subject, groupPrefix); {
	case r.subject == anonymous:
		return p.IsAnonymous()
	case p.IsAnonymous():
		return false
	case isGroup:
		return slices.Contains(p.Groups, group)
	default:
		return r.subject == anybody || r.subject == p.Name
	}
}

// prefix is the path for a caller, "" for everything. It is false if there is none,
// because the caller's name cannot be a segment.
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

// allows reports whether the rule allows a caller what they want to do with a path,
// which is valid.
func (r Rule) allows(p access.Principal, action access.Action, path string) bool {
	return slices.Contains(r.actions, action) && r.isFor(p) && r.matches(p, path)
}

// matches is contains for the rule's path. A name that is no segment is none of a
// valid path, either.
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

// contains reports whether a path is the prefix or below it.
func contains(prefix, path string) bool {
	rest, ok := strings.CutPrefix(path, prefix)
	return ok && (prefix == "" || rest == "" || rest[0] == '/')
}
