package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/cmd/tranship/internal/usage"
)

// completeValues lets shells complete the values of a flag that takes one of a few.
func completeValues(cmd *cobra.Command, flag string, values ...string) {
	complete := cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
	if err := cmd.RegisterFlagCompletionFunc(flag, complete); err != nil {
		panic(fmt.Sprintf("completion of --%s: %v", flag, err)) // there is no such flag
	}
}

// addCompletion adds the command that the library has for completion, which by itself
// does nothing, without an error, for a shell that it does not know.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() != "completion" {
			continue
		}
		var shells []string
		for _, shell := range cmd.Commands() {
			shells = append(shells, shell.Name())
		}
		known := strings.Join(shells, ", ")
		cmd.Args = cobra.ArbitraryArgs
		cmd.RunE = func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage.New("a shell is needed: " + known)
			}
			return usage.Errorf("there is no completion for %q; there is for %s", args[0], known)
		}
	}
}
