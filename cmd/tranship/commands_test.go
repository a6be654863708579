package main

import (
	"slices"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagNames returns the flags of a command and of all its own commands.
func flagNames(cmd *cobra.Command) (names []string) {
	cmd.InitDefaultHelpFlag()
	cmd.InheritedFlags() // adds the flags of the parents to those of cmd
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, cmd.CommandPath()+" --"+f.Name+" "+f.DefValue) })
	for _, child := range cmd.Commands() {
		names = append(names, flagNames(child)...)
	}
	return names
}

// TestNamed checks that a command line that begins with the name of a command makes only that one, with the flags that
// it has among all others.
func TestNamed(t *testing.T) {
	all := newRoot(&globals{})
	for _, s := range subcommands() {
		chosen := named([]string{s.name, "--help"})
		if len(chosen) != 1 {
			t.Fatalf("%s: %d commands are made", s.name, len(chosen))
		}
		root := newRootOf(&globals{}, chosen)
		if n := len(root.Commands()); n != 1 {
			t.Errorf("%s: there are %d commands", s.name, n)
		}
		alone, _, err := root.Find([]string{s.name})
		if err != nil {
			t.Fatal(err)
		}
		among, _, err := all.Find([]string{s.name})
		if err != nil {
			t.Fatal(err)
		}
		if alone == root || alone.Name() != s.name {
			t.Fatalf("%s: the command is %s", s.name, alone.Name())
		}
		got, want := flagNames(alone), flagNames(among)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: the flags are\n%q, want\n%q", s.name, got, want)
		}
	}
}

// TestNamedOther checks that every other command line makes all commands.
func TestNamedOther(t *testing.T) {
	for _, arguments := range [][]string{
		nil, {"help", "cp"}, {"completion", "bash"}, {cobra.ShellCompRequestCmd, "c"}, {"--verbose", "cp"}, {"copy"}, {"--version"}, {""},
	} {
		if n := len(named(arguments)); n != len(subcommands()) {
			t.Errorf("%q: %d commands are made", arguments, n)
		}
	}
}
