package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tranship/tranship/cmd/tranship/internal/usage"
)

// checkFlagValues returns the error of a command line in which a flag would take the next
// flag as its value, as in "serve --tls --listen :1".
func checkFlagValues(root *cobra.Command, args []string) error {
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		return nil // the line is not complete
	}
	cmd, args, err := root.Find(args)
	if err != nil {
		return nil //nolint:nilerr // cobra reports it
	}
	cmd.InheritedFlags() // adds the flags of the parents to those of cmd
	for i := 0; i+1 < len(args) && args[i] != "--"; i++ {
		name, next := flagBeforeValue(cmd.Flags(), args[i]), args[i+1]
		if name == "" {
			continue
		}
		if strings.HasPrefix(next, "--") {
			return usage.Errorf("%s: the value is missing before %s; if that is the value, write %s=%s", name, next, name, next)
		}
		i++
	}
	return nil
}

// flagBeforeValue returns the name of the flag whose value is the argument after arg, or ""
// if there is none.
func flagBeforeValue(flags *pflag.FlagSet, arg string) string {
	if long, ok := strings.CutPrefix(arg, "--"); ok {
		// A name with '=' is not found.
		if flag := flags.Lookup(long); flag != nil && flag.NoOptDefVal == "" {
			return arg
		}
		return ""
	}
	letters, ok := strings.CutPrefix(arg, "-")
	for i := 0; ok && i < len(letters) && letters[i] < 0x80; i++ {
		flag := flags.ShorthandLookup(letters[i : i+1])
		if flag == nil {
			return ""
		}
		if flag.NoOptDefVal == "" {
			if i == len(letters)-1 {
				return "--" + flag.Name
			}
			return ""
		}
	}
	return ""
}

// flagError returns the usage error of a flag that cannot be parsed. For an unknown flag it
// names a similar one.
func flagError(cmd *cobra.Command, err error) error {
	message := err.Error()
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		if similar := similarFlag(cmd.Flags(), unknown.GetSpecifiedName()); similar != "" {
			message += "; did you mean --" + similar + "?"
		}
	}
	return usage.New(message)
}

// similarFlag returns the flag that was meant by an unknown name, or "".
func similarFlag(flags *pflag.FlagSet, name string) string {
	return usage.Similar(name, func(yield func(string) bool) {
		more := true
		flags.VisitAll(func(flag *pflag.Flag) {
			more = more && (flag.Hidden || yield(flag.Name))
		})
	})
}

// addHelp lets a command print help only if it is asked for: -h in a group of flags, as in
// "cp -rh", is more likely a mistake.
func addHelp(g *globals, root *cobra.Command) {
	help := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		asked := func(arg string) bool { return arg == "-h" || arg == "help" || strings.HasPrefix(arg, "--help") }
		if len(args) > 0 && !slices.ContainsFunc(args, asked) {
			g.Fail(usage.Errorf("-h is not a flag of %s that can be grouped with others; use --help for help", cmd.CommandPath()))
			return
		}
		help(cmd, args)
	})
}

// humanFlag adds -h, --human-readable to a command that prints sizes. Help is --help there.
func humanFlag(cmd *cobra.Command, human *bool) {
	cmd.Flags().BoolVarP(human, "human-readable", "h", false, "print sizes such as 1.5 GiB")
	cmd.Flags().Bool("help", false, "help for "+cmd.Name())
}
