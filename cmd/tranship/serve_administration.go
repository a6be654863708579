package main

import (
	"slices"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/policy"
	"github.com/tranship/tranship/access/token"
	"github.com/tranship/tranship/server"
)

// administered sets what a server tells administrators and what it removes because of its policy,
// which may be nil.
func (f *serveFlags) administered(config *server.Config, rules *policy.File) {
	if rules != nil {
		config.Expiries = rules.Expiries
	}
	config.KnownPrincipals = func() []string {
		var names []string
		if rules != nil {
			names = rules.Policy().Names()
		}
		if f.identity.tokens != "" {
			// A file with a mistake has an error of its own in the log.
			entries, _ := token.List(f.identity.tokens)
			for _, entry := range entries {
				names = append(names, entry.Name)
			}
		}
		slices.Sort(names)
		return slices.Compact(names)
	}
}

// checkPolicies makes the server refuse later policies that it cannot enforce. countsFiles says that
// it has counted the files at its start.
func checkPolicies(rules *policy.File, store tranship.Store, countsFiles bool) {
	if rules == nil {
		return
	}
	rules.SetCheck(func(later *policy.Policy) error {
		if err := server.CheckExpiries(store, later.Expiries()); err != nil {
			return err
		}
		if countsFiles {
			return nil
		}
		return refuseFileLimits(later)
	})
}
