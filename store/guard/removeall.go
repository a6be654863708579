package guard

import (
	"context"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
)

// RemoveAll implements tranship.TreeRemover. It removes the files that the caller may
// list. It checks the right to delete for each file, and ends at the first one that the
// caller may list but not delete.
func (s *store) RemoveAll(ctx context.Context, directory string, options tranship.RemoveAllOptions) (int64, error) {
	if err := tranship.ValidatePath(directory); err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	caller := access.FromContext(ctx)
	if !s.policy.Prefixes(caller, access.List).Contain(directory) {
		return tranship.RemoveEach(ctx, s, directory, options)
	}
	allow := options.Allow
	options.Allow = func(path string) error {
		switch {
		case s.policy.Allowed(caller, access.Delete, path):
		case s.policy.Allowed(caller, access.List, path):
			return denied(caller, access.Delete, path)
		default: // the policy has changed since the call began
			return denied(caller, access.List, directory)
		}
		if allow != nil {
			return allow(path)
		}
		return nil
	}
	return tranship.RemoveAll(ctx, s.inner, directory, options)
}
