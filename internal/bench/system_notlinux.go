//go:build !linux

package main

import "os/exec"

// Elsewhere the benchmark compiles, and measures what it can: there is no /proc to
// read processor time and memory of servers from.

func isolate(*exec.Cmd) {}

func killGroup(cmd *exec.Cmd) error { return cmd.Process.Kill() }

func terminate(cmd *exec.Cmd) error { return cmd.Process.Kill() }

func settle(int64) error { return nil }
