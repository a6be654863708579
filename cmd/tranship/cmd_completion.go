package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/cmd/tranship/internal/usage"
)

// completeValues lets shells complete a flag that takes one of a fixed set of values.
func completeValues(cmd *cobra.Command, flag string, values ...string) {
	complete := cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
	if err := cmd.RegisterFlagCompletionFunc(flag, complete); err != nil {
		panic(fmt.Sprintf("completion of --%s: %v", flag, err)) // the flag does not exist
	}
}

// addCompletion adds cobra's completion command. Without the changes made here, that
// command silently succeeds for a shell that it does not support.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() != "completion" {
			continue
		}
		var shells []string
		for _, shell := range cmd.Commands() {
			shells = append(shells, shell.Name())
			if shell.Name() == "bash" {
				addBashWords(shell, root.OutOrStdout())
			}
		}
		known := strings.Join(shells, ", ")
		cmd.Args = cobra.ArbitraryArgs
		cmd.RunE = func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage.New("missing shell: " + known)
			}
			return usage.Errorf("no completion for %q; supported shells: %s", args[0], known)
		}
	}
}

// addBashWords makes the command that prints the script for bash print bashWords, too.
func addBashWords(cmd *cobra.Command, out io.Writer) {
	script := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := script(cmd, args); err != nil {
			return err
		}
		_, err := io.WriteString(out, bashWords)
		return err
	}
}
