package quota

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"

	"github.com/tranship/tranship"
)

// PrincipalUsage is what counts for a principal, and its limits.
type PrincipalUsage struct {
	// Principal is the name of the principal, or a digest of a name of more than
	// tranship.MaxAccountBytes bytes; "" for all anonymous callers together.
	Principal string
	Usage
	// Limits are those of its latest call, or those of all principals if it has not called since
	// the store was opened. 0 means unlimited.
	Limits Limits
}

// Counts reports whether the store counts bytes and files. Otherwise it counts only uploads.
func (s *Store) Counts() bool { return s.keeper != nil }

// Principals yields what counts for each principal that has anything, in ascending bytewise order
// of the names. With Options.Shared the bytes and files are those of all servers, as far as they
// have reported them, and what servers have leased counts as reserved. The memory that it takes
// grows with the number of principals.
func (s *Store) Principals(ctx context.Context) iter.Seq2[PrincipalUsage, error] {
	return func(yield func(PrincipalUsage, error) bool) {
		shared, err := s.sharedUsages(ctx)
		if err != nil {
			yield(PrincipalUsage{}, err)
			return
		}
		names := s.ledger.names()
		for name := range shared {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			usage, limits := s.ledger.usage(name), s.ledger.latestLimits(name)
			if s.shared != nil {
				reported := shared[name]
				reported.Uploads = max(reported.Uploads, usage.Uploads)
				usage = reported
			}
			if usage != (Usage{}) && !yield(PrincipalUsage{name, usage, limits}, nil) {
				return
			}
		}
	}
}

// names returns the names of all accounts, in no particular order.
func (l *ledger) names() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Keys(l.accounts))
}

// sharedUsages returns what the records have of each account; nil if the limits are not shared.
func (s *Store) sharedUsages(ctx context.Context) (map[string]Usage, error) {
	if s.shared == nil {
		return nil, nil
	}
	usages := make(map[string]Usage)
	for entry, err := range s.shared.state.ListState(ctx, recordsPrefix) {
		if err != nil {
			return nil, err
		}
		r, err := parseRecord(entry.Value)
		if err != nil {
			return nil, errors.Join(tranship.ErrIntegrity, err)
		}
		usages[r.Name] = r.usage()
	}
	return usages, nil
}

// usage returns what the servers have reported of an account.
func (r *record) usage() Usage {
	reserved := r.reserved().plus(r.Lost)
	for _, held := range r.Leases {
		reserved = reserved.plus(held.amount)
	}
	return Usage{
		Bytes: r.Used.Bytes, Files: r.Used.Files, ReservedBytes: reserved.Bytes, ReservedFiles: reserved.Files,
		Uploads: len(r.Uploads),
	}
}
