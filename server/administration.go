package server

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/server/internal/administration"
	"github.com/tranship/tranship/server/internal/expiry"
	"github.com/tranship/tranship/store/audit"
	"github.com/tranship/tranship/store/guard"
	"github.com/tranship/tranship/store/quota"
)

// administration returns the service for administrators. store has the files and uploads of all
// owners: it is below the policy.
func (s *Server) administration(store tranship.Store) *administration.Service {
	return administration.New(administration.Options{
		Authorize:  func(ctx context.Context) error { return guard.CheckAdministrator(ctx, s.config.Policy) },
		Uploads:    store,
		Ended:      s.native.EndUpload,
		Running:    s.running,
		Usages:     s.usages,
		Principals: s.principals,
		Expire:     s.expire,
		Ready:      s.config.Audit.CheckHealth,
		Audit: func(ctx context.Context, action administration.Action, err error) {
			s.config.Audit.Administered(ctx, audit.Administration{
				Action: action.Name, Path: action.Path, Upload: action.Upload, Transfer: action.Transfer,
				Owner: action.Owner, Entries: action.Entries, DryRun: action.DryRun,
			}, err)
		},
		Logger: s.config.Logger,
	})
}

// usages yields what counts for each principal.
func (s *Server) usages(ctx context.Context) iter.Seq2[administration.Usage, error] {
	return func(yield func(administration.Usage, error) bool) {
		for used, err := range s.quota.Principals(ctx) {
			if !yield(usageOf(used, s.quota.Counts()), err) {
				return
			}
		}
	}
}

func usageOf(used quota.PrincipalUsage, counted bool) administration.Usage {
	return administration.Usage{
		Principal: used.Principal, Counted: counted, Bytes: used.Bytes, Files: used.Files,
		ReservedBytes: used.ReservedBytes, ReservedFiles: used.ReservedFiles, Uploads: int64(used.Uploads),
		MaxBytes: used.Limits.Bytes, MaxFiles: used.Limits.Files, MaxUploads: int64(used.Limits.Uploads),
	}
}

// principals returns the principals that have called and those of the configuration, in ascending
// order of their names.
func (s *Server) principals() []administration.Principal {
	byName := make(map[string]administration.Principal)
	for _, seen := range s.door.Principals() {
		byName[seen.Principal.Name] = administration.Principal{Principal: seen.Principal, LastCall: seen.At, Calls: seen.Calls}
	}
	if s.config.KnownPrincipals != nil {
		for _, name := range s.config.KnownPrincipals() {
			known := byName[name]
			known.Name, known.Configured = name, true
			byName[name] = known
		}
	}
	all := make([]administration.Principal, 0, len(byName))
	for _, principal := range byName {
		all = append(all, principal)
	}
	slices.SortFunc(all, func(a, b administration.Principal) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// expire applies the rules that remove what is old.
func (s *Server) expire(ctx context.Context, dryRun bool, report func(administration.Expired) error) error {
	if s.expiry == nil {
		return nil // there are no rules
	}
	// What an administrator's rules remove counts for no caller.
	return s.expiry.Pass(access.NewContext(ctx, access.Principal{}), dryRun, func(removal expiry.Removal) error {
		return report(administration.Expired{
			Path: removal.Path, Upload: removal.Upload, Owner: removal.Owner, Size: removal.Size,
			Changed: removal.Changed, Rule: removal.Rule, Err: removal.Err,
		})
	})
}
