package main

import (
	"slices"

	"github.com/spf13/cobra"
)

// A subcommand is one that the first argument of a command line can name.
type subcommand struct {
	name string
	// make returns the command with all of its own flags, which takes a while for each.
	make func(*globals) *cobra.Command
	// connects is true for a command that has the flags of a connection, too.
	connects bool
}

// subcommands returns all of them, except those of the library.
func subcommands() []subcommand {
	return []subcommand{
		{name: "cp", make: newCp, connects: true},
		{name: "ls", make: newLs, connects: true},
		{name: "stat", make: newStat, connects: true},
		{name: "rm", make: newRm, connects: true},
		{name: "mv", make: newMv, connects: true},
		{name: "verify", make: newVerify, connects: true},
		{name: "uploads", make: newUploads, connects: true},
		{name: "share", make: newShare, connects: true},
		{name: "admin", make: newAdmin, connects: true},
		{name: "doctor", make: newDoctor, connects: true},
		{name: serveName, make: newServe},
		{name: "config", make: newConfig},
		{name: "policy", make: newPolicy},
		{name: "token", make: newToken},
		{name: "version", make: newVersion},
	}
}

// named returns the subcommand that a command line begins with, and otherwise all of them: the library finds one behind
// flags, completes names, suggests similar ones, and prints help about all.
func named(arguments []string) []subcommand {
	all := subcommands()
	if len(arguments) == 0 {
		return all
	}
	i := slices.IndexFunc(all, func(s subcommand) bool { return s.name == arguments[0] })
	if i < 0 {
		return all
	}
	return all[i : i+1]
}

// add adds the command and its flags to root.
func (s subcommand) add(g *globals, root *cobra.Command) {
	cmd := s.make(g)
	if s.connects {
		g.tls.add(cmd)
		g.token.add(cmd)
		g.bucket.add(cmd)
		g.transportFlag(cmd)
		g.quietFlag(cmd)
	}
	root.AddCommand(cmd)
}
