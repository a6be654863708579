package main

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// isolate puts a command into a process group of its own, so that what it starts
// can be killed with it. The kernel kills it should the benchmark itself be killed.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// killGroup kills a command that was isolated, and what it started.
func killGroup(cmd *exec.Cmd) error {
	return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}

// terminate asks a command to stop.
func terminate(cmd *exec.Cmd) error {
	return cmd.Process.Signal(syscall.SIGTERM)
}

// settle makes ready for a copy of n bytes, that it may not pay for what was before it.
// It waits until everything that was written is on disk, and touches twice as much memory,
// or half of what is free: the host of a virtual machine may have taken back what was
// freed, and finds another page at the first touch, at several times the cost of filling
// it.
func settle(n int64) error {
	unix.Sync()
	var system unix.Sysinfo_t
	if err := unix.Sysinfo(&system); err != nil {
		return err
	}
	n = min(2*n, int64(system.Freeram)*int64(system.Unit)/2)
	if n <= 0 {
		return nil
	}
	memory, err := unix.Mmap(-1, 0, int(n), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_POPULATE)
	if err != nil {
		return err
	}
	return unix.Munmap(memory)
}
