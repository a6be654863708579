package main

import (
	"errors"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// isolate puts a command into a separate process group, so that its descendants can be
// killed with it. If the benchmark itself is killed, the kernel kills the command.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// killGroup kills an isolated command and its descendants.
func killGroup(cmd *exec.Cmd) error {
	return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}

// terminate asks a command to stop.
func terminate(cmd *exec.Cmd) error {
	return cmd.Process.Signal(syscall.SIGTERM)
}

// quiesce prepares the machine for a copy of n bytes, so that the copy does not pay for
// what happened before. It waits until all written data is on disk. Then it touches a quarter
// more memory, or half of what is free, because the host of a virtual machine may have
// reclaimed freed pages. Its first access to a reclaimed page costs several times as much
// as filling it.
func quiesce(n int64) error {
	unix.Sync()
	var system unix.Sysinfo_t
	if err := unix.Sysinfo(&system); err != nil {
		return err
	}
	n = min(n+n/4, int64(system.Freeram)*int64(system.Unit)/2)
	if n <= 0 {
		return nil
	}
	memory, err := unix.Mmap(-1, 0, int(n), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_POPULATE)
	if err != nil {
		return err
	}
	return unix.Munmap(memory)
}

// fileContent returns the content of a file, which is valid until release is called. It maps
// the file, because reading one would take as long as comparing it.
func fileContent(name string) (content []byte, release func(), err error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return nil, func() {}, err
	}
	content, err = unix.Mmap(int(file.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, nil, err
	}
	return content, func() { _ = unix.Munmap(content) }, nil
}
