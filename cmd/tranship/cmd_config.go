package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/cmd/tranship/internal/config"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/internal/printable"
)

func newConfig(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Check and print the configuration of a server",
		Long: `Check and print the configuration of serve. Each flag of serve is also a key of the
YAML file that --config or TRANSHIP_CONFIG names, and an environment variable:

  --max-uploads 100        the flag, which wins
  TRANSHIP_MAX_UPLOADS=100 the variable; several values are separated by commas
  max-uploads: 100         the line of the file

SIGHUP makes a server read the file again. See docs/operate/configuration.md.`,
		Args: cobra.ArbitraryArgs,
		RunE: needSubcommand("config check or config print", "the commands are config check and config print"),
	}
	cmd.AddCommand(newConfigCheck(g), newConfigPrint(g))
	return cmd
}

func newConfigCheck(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check [--config FILE]",
		Short: "Check the configuration of a server, and the files that it names",
		Long: `Check the configuration that serve would have with the same file, environment and
flags: unknown keys, wrong values, values that contradict each other, and files that
cannot be used. Each mistake is one line with its place. The exit code is 2 if there is
one. Nothing is listened on, contacted or written.`,
		Example: `  tranship config check --config /etc/tranship/server.yaml`,
		Args:    arguments(0, 0, "tranship config check [--config FILE]"),
		RunE:    func(cmd *cobra.Command, _ []string) error { return g.checkConfig(cmd) },
	}
	g.addServerFlags(cmd)
	return cmd
}

func newConfigPrint(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "print [--config FILE]",
		Short: "Print the configuration of a server, and where each value comes from",
		Long: `Print the values that serve would have with the same file, environment and flags, as a
file for --config. The comment behind a value tells where it comes from. Names of files
with secrets are printed, and never what is in them.`,
		Example: `  tranship config print --config /etc/tranship/server.yaml`,
		Args:    arguments(0, 0, "tranship config print [--config FILE]"),
		RunE:    func(cmd *cobra.Command, _ []string) error { return g.printConfig(cmd) },
	}
	g.addServerFlags(cmd)
	g.jsonFlag(cmd)
	return cmd
}

func (g *globals) checkConfig(cmd *cobra.Command) error {
	flags, settings, err := g.loadServer(cmd)
	if settings == nil {
		return err
	}
	g.warnUnknown(settings)
	var mistakes usage.Mistakes
	mistakes.Add(err)
	if err == nil {
		_, err = flags.permitListening()
		mistakes.Add(settings.Locate(err))
	}
	mistakes.Add(settings.Locate(flags.checkFiles()))
	if err := config.Sort(mistakes).Err(); err != nil {
		return err
	}
	set := 0
	for setting := range settings.All() {
		if setting.Origin != (config.Origin{}) {
			set++
		}
	}
	_, err = fmt.Fprintf(g.Out, "%s: %d settings\n", printable.Text(settings.Name()), set)
	return err
}

func (g *globals) printConfig(cmd *cobra.Command) error {
	_, settings, err := g.loadServer(cmd)
	if err != nil {
		return err
	}
	g.warnUnknown(settings)
	if g.JSON {
		return settings.WriteJSON(g.Out)
	}
	return settings.WriteYAML(g.Out)
}

func (g *globals) warnUnknown(settings *config.Settings) {
	for _, unknown := range settings.Unknown() {
		g.Warn(unknown)
	}
}
