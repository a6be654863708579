package server

import (
	"context"
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/policy"
	"github.com/tranship/tranship/internal/observation"
	"github.com/tranship/tranship/server/internal/expiry"
)

// newExpiry returns what removes files and uploads that are old; nil without rules. store has the
// files and uploads of all owners, and counts their removal.
func (s *Server) newExpiry(store tranship.Store) *expiry.Expiry {
	config := s.config
	if config.Expiries == nil {
		return nil
	}
	dater, _ := tranship.As[tranship.ChangeDater](config.Store)
	state, _ := tranship.As[tranship.StateStore](config.Store)
	events := observation.New(config.Observer)
	return expiry.New(expiry.Options{
		Store: store, Dater: dater, State: state,
		Rules: func() expiry.Rules { return expiryRules(config.Expiries()) },
		Ready: config.Audit.CheckHealth,
		Removed: func(removal expiry.Removal) {
			if removal.Upload != "" && removal.Err == nil {
				s.native.EndUpload(removal.Upload)
			}
			config.Audit.Expired(removal.Path, removal.Upload, removal.Owner, removal.Rule, removal.Size, removal.Err)
			kind := tranship.EventFileExpired
			if removal.Upload != "" {
				kind = tranship.EventUploadExpired
			}
			events.Add(tranship.Event{
				Context: context.Background(), Kind: kind, Path: removal.Path, Bytes: removal.Size,
				Start: removal.Start, Duration: removal.Duration, Err: removal.Err,
			})
		},
		Logger: config.Logger,
	})
}

// expiryRules are the lines of a policy that remove what is old.
type expiryRules policy.Expiries

// For implements expiry.Rules.
func (r expiryRules) For(path string, uploads bool) (expiry.Rule, bool) {
	line, ok := policy.Expiries(r).For(path, uploads)
	return expiry.Rule{Text: line.String(), After: line.After}, ok
}

// Directories implements expiry.Rules.
func (r expiryRules) Directories(uploads bool) []string {
	return policy.Expiries(r).Directories(uploads)
}

// CheckExpiries returns nil if a server with a store can apply lines of a policy that remove what is
// old. Otherwise the error matches tranship.ErrUnsupported: lines about files need a store that is a
// tranship.ChangeDater.
func CheckExpiries(store tranship.Store, lines policy.Expiries) error {
	if len(lines.Directories(false)) == 0 {
		return nil
	}
	if _, ok := tranship.As[tranship.ChangeDater](store); ok {
		return nil
	}
	for _, line := range lines {
		if !line.Uploads && line.After > 0 {
			return fmt.Errorf("%w: line %d of the policy, %q, needs a store that knows when its files were changed", tranship.ErrUnsupported, line.Line, line)
		}
	}
	return nil
}

// keepExpiring removes what is old until stop is called, which waits for the removal under way.
func (s *Server) keepExpiring(ctx context.Context) (stop func()) {
	if s.expiry == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.expiry.Run(ctx)
	}()
	return func() {
		cancel()
		<-ended
	}
}
