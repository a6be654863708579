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

// maxTypos is the number of wrong, missing or superfluous letters up to which a name is
// similar to another.
const maxTypos = 2

// similarFlag returns the flag that was meant by an unknown name, or "".
func similarFlag(flags *pflag.FlagSet, name string) (similar string) {
	least := maxTypos + 1
	flags.VisitAll(func(flag *pflag.Flag) {
		// A name of two letters must not differ in both.
		if n := typos(name, flag.Name); !flag.Hidden && n < least && n < len(name)-1 {
			similar, least = flag.Name, n
		}
	})
	return similar
}

// typos returns the Levenshtein distance of two texts in bytes.
func typos(a, b string) int {
	if max(len(a), len(b)) > 64 {
		return maxTypos + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := diagonal
			if a[i] != b[j] {
				changed++
			}
			diagonal = row[j+1]
			row[j+1] = min(changed, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
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
