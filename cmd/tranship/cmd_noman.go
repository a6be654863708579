//go:build !man

package main

import "github.com/spf13/cobra"

// addDocumentation does nothing without the build tag man.
func addDocumentation(*cobra.Command) {}
