//go:build !man

package main

import "github.com/spf13/cobra"

// addDocumentation adds nothing: see the file for the build tag man.
func addDocumentation(*cobra.Command) {}
