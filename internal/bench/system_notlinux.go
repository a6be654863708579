//go:build !linux

package main

import (
	"os"
	"os/exec"
)

// On other systems the benchmark compiles and measures less, because there is no /proc to
// read the CPU time and memory of servers from.

func isolate(*exec.Cmd) {}

func killGroup(cmd *exec.Cmd) error { return cmd.Process.Kill() }

func terminate(cmd *exec.Cmd) error { return cmd.Process.Kill() }

func quiesce(int64) error { return nil }

// fileContent returns the content of a file.
func fileContent(name string) (content []byte, release func(), err error) {
	content, err = os.ReadFile(name)
	return content, func() {}, err
}
