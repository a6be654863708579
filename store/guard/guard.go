// Package guard keeps a store to what a policy allows. It is the one place that
// does: every protocol goes through it, and it asks of each call who makes it
// (access.FromContext) and whether they may.
//
// What needs a file, where the caller may not do it, is tranship.ErrDenied to callers who
// may list the path, if there is a file. To others it reads as if there were none; the
// store is not asked, so that neither an answer nor the time that it takes tells. Putting,
// beginning, and the destination of a move or copy are ErrDenied to all, for a missing
// file would not be in the way: that is the same, too, whether there is one or not.
//
// Some things cannot be kept from a caller who may write a path. They learn whether a
// file is there, by a precondition or by setting attributes; whether it has a version
// that they name; and that a file above or below the path blocks it. They learn nothing
// else without the right to list: answers have what the caller has sent or set, and
// errors neither versions nor other paths. A precondition about a revision takes the right
// to read, because a revision tells whether metadata is what the caller guesses. With the right to list they learn what a list
// has, which is size, times, mode and version, and not checksum and metadata.
package guard

import (
	"context"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/policy"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/hidden"
)

// Policy decides. It is safe for concurrent use. *policy.Policy is one that never
// changes, *policy.File one that may.
type Policy interface {
	// Allowed reports whether a caller may do something with the path of a file.
	Allowed(caller access.Principal, action access.Action, path string) bool
	// Prefixes are the paths at and below which a caller may do something.
	Prefixes(caller access.Principal, action access.Action) policy.Prefixes
}

// New returns a store that has the files of inner, and allows what the policy does.
// What is under way when the policy changes goes on: lists, and the reading of what
// was opened; only an upload is looked at again before it is committed.
//
// Each upload belongs to the principal who begins it, or to nobody known, whatever
// its spec says; inner keeps owners apart, as storetest.TestOwners has it. Uploads of
// others are as if there were none.
func New(inner tranship.Store, policy Policy) tranship.Store {
	return &store{inner, policy}
}

type store struct {
	inner  tranship.Store
	policy Policy
}

// existing decides about what needs a file at path.
func (s *store) existing(ctx context.Context, path string, actions ...access.Action) error {
	if err := tranship.ValidatePath(path); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	caller := access.FromContext(ctx)
	for _, action := range actions {
		switch {
		case s.policy.Allowed(caller, action, path):
		case s.policy.Allowed(caller, access.List, path):
			if _, err := s.inner.Stat(ctx, path); err != nil {
				return err // as a list tells
			}
			return denied(caller, action, path)
		default:
			return hidden.Behind(&tranship.PathError{Path: path, Err: tranship.ErrNotFound})
		}
	}
	return nil
}

// writing decides about what may make a file at path, which is valid.
func (s *store) writing(ctx context.Context, path string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if caller := access.FromContext(ctx); !s.policy.Allowed(caller, access.Write, path) {
		return denied(caller, access.Write, path)
	}
	return nil
}

// comparing decides about a precondition on what is at path. A revision is made of all
// attributes: only a caller who may read may compare it.
func (s *store) comparing(ctx context.Context, path string, precondition tranship.Precondition) error {
	if precondition.MustMatchRevision == "" || s.knowledge(ctx, path) == all {
		return nil
	}
	return denied(access.FromContext(ctx), access.Read, path)
}

func denied(caller access.Principal, action access.Action, path string) error {
	name := caller.Name
	if caller.IsAnonymous() {
		name = "anonymous clients"
	}
	at := &tranship.PathError{Op: action.String(), Path: path, Err: tranship.ErrDenied}
	return failure.Worded(at, "%v: %s may not %v %s", at.Err, name, action, path)
}

// withhold takes out of a file's description what tells of its content, from who may
// not read it.
func withhold(file tranship.File) tranship.File {
	file.CRC32C, file.Metadata = nil, nil
	return file
}
