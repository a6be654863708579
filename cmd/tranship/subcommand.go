package main

import (
	"github.com/spf13/cobra"

	"github.com/tranship/tranship/cmd/tranship/internal/usage"
)

// needSubcommand returns what a command does that has other commands and does nothing itself: it
// fails. choices are all of them, and hint tells them after an unknown one.
func needSubcommand(choices, hint string) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usage.New("missing command: " + choices)
		}
		return usage.Errorf("unknown command \"%s %s\"; %s", cmd.Name(), args[0], hint)
	}
}
