// Package guard is a decorator that enforces a policy on a store. It is the only place
// where paths are authorized: the calls of every protocol pass it. It takes the caller of
// each call from the context (access.FromContext).
//
// A call that needs an existing file, and that the policy does not allow, fails with
// tranship.ErrDenied if the file exists and the caller may list its path. For other
// callers it fails as if the file did not exist. The guard does not call the store in that
// case, so that neither the answer nor its timing reveals the file. Put, Begin, and the
// destination of Move and Copy do not need an existing file. Without the right to write
// they fail with ErrDenied whether or not the file exists. The right to create is enough for
// them if no file is at the path: the guard adds MustNotExist to the precondition, so that the
// call fails with ErrExists otherwise.
//
// A caller who may write or create a path can find out three things about it: whether a file exists,
// by a precondition or by setting attributes; whether it has a given version; and that a
// file above or below blocks the path. Without the right to list the caller learns nothing
// else: results have what the caller has sent or set, and errors name neither versions nor
// other paths. With the right to list the caller also learns size, times, mode and
// version, but not the checksum and the metadata. A precondition on a revision needs the
// right to read, because a matching revision would confirm a guess of the metadata.
package guard

import (
	"context"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/policy"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/hidden"
)

// Policy decides which calls are allowed. It is safe for concurrent use. A *policy.Policy
// never changes; a *policy.File may.
type Policy interface {
	// Allowed reports whether the caller may perform the action on the file at path.
	Allowed(caller access.Principal, action access.Action, path string) bool
	// Prefixes returns the paths at and below which the caller may perform the action.
	Prefixes(caller access.Principal, action access.Action) policy.Prefixes
}

// New returns a store that has the files of inner and allows what the policy allows.
// Lists and open files are not affected by a change of the policy. Uploads are: Commit
// checks the right to write again.
//
// A caller with a sharing link (access.Principal.Link) has only the rights of the link, as long as
// the policy allows its principal to share the path of the link.
//
// Each upload belongs to the principal that begins it, or to anonymous callers; the owner
// in its spec is ignored. The inner store has to keep the uploads of owners apart, which
// storetest.TestOwners verifies. The uploads of other owners do not exist for a caller.
func New(inner tranship.Store, policy Policy) tranship.Store {
	return &store{inner, links{policy}}
}

type store struct {
	inner  tranship.Store
	policy Policy
}

// authorizeExisting checks whether the caller may perform actions that need a file at path.
func (s *store) authorizeExisting(ctx context.Context, path string, actions ...access.Action) error {
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
				return err // a list reveals as much
			}
			return denied(caller, action, path)
		default:
			return hidden.Behind(&tranship.PathError{Path: path, Err: tranship.ErrNotFound})
		}
	}
	return nil
}

// authorizeWrite checks whether the caller may make a file at path, which must be valid. It
// returns the precondition for it: a caller who may create files but not write them must not
// replace one.
func (s *store) authorizeWrite(ctx context.Context, path string, precondition tranship.Precondition) (tranship.Precondition, error) {
	if err := ctx.Err(); err != nil {
		return precondition, err
	}
	caller := access.FromContext(ctx)
	if s.policy.Allowed(caller, access.Write, path) {
		return precondition, nil
	}
	replaces := precondition.MustMatchVersion != "" || precondition.MustMatchRevision != ""
	if replaces || !s.policy.Allowed(caller, access.Create, path) {
		return precondition, denied(caller, access.Write, path)
	}
	precondition.MustNotExist = true
	return precondition, nil
}

// authorizeBegun checks whether the caller may still make the file of an upload. made is the
// precondition of the upload, which a store checks at the commit.
func (s *store) authorizeBegun(ctx context.Context, path string, made tranship.Precondition) error {
	needed, err := s.authorizeWrite(ctx, path, made)
	if err == nil && needed != made { // the policy has changed
		return denied(access.FromContext(ctx), access.Write, path)
	}
	return err
}

// authorizePrecondition checks whether the caller may use a precondition on the file at
// path. A revision covers all attributes: comparing it needs the right to read.
func (s *store) authorizePrecondition(ctx context.Context, path string, precondition tranship.Precondition) error {
	if precondition.MustMatchRevision == "" || s.visibility(ctx, path) == readable {
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

// withholdContent removes from the description of a file what reveals its content, which
// is for callers who may read it.
func withholdContent(file tranship.File) tranship.File {
	file.CRC32C, file.Metadata = nil, nil
	return file
}
