package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/cmd/tranship/internal/console"
)

func newVersion(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  arguments(0, 0, "tranship version"),
		RunE: func(*cobra.Command, []string) error {
			if g.JSON {
				return console.PrintJSON(g.Out, map[string]string{"version": softwareVersion(), "go": runtime.Version()})
			}
			return g.printVersion()
		},
	}
	g.jsonFlag(cmd)
	return cmd
}

// printVersion prints the line of "tranship version" and "tranship --version".
func (g *globals) printVersion() error {
	_, err := fmt.Fprintf(g.Out, "tranship %s %s %s/%s\n", softwareVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// softwareVersion returns the version set by make, or the module version set by go
// install, or "devel".
func softwareVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}
