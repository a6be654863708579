package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// diskTimeout bounds each step of creating or removing a disk.
const diskTimeout = 5 * time.Minute

// mountDisk creates an ext4 file system with a journal in a file of dir, and mounts it
// below dir. It needs root. Whether it fails or not, the returned function removes
// everything but the file.
func mountDisk(dir string, gibibytes int) (mounted string, remove func() error, err error) {
	var steps [][]string // Commands that undo what was done, to be run in reverse order.
	remove = func() error {
		var err error
		for i := len(steps) - 1; i >= 0; i-- {
			_, failed := systemTool(steps[i]...)
			err = errors.Join(err, failed)
		}
		return err
	}
	file, mounted := filepath.Join(dir, "disk.ext4"), filepath.Join(dir, "disk")
	if _, err := systemTool("fallocate", "-l", fmt.Sprintf("%dG", gibibytes), file); err != nil {
		return "", remove, err
	}
	// Initialize everything now, so that the kernel does not do it during a measurement.
	if _, err := systemTool("mkfs.ext4", "-q", "-F", "-O", "has_journal", "-E", "lazy_itable_init=0,lazy_journal_init=0", file); err != nil {
		return "", remove, err
	}
	// Direct I/O avoids caching the file's content twice.
	device, err := systemTool("losetup", "--find", "--show", "--direct-io=on", file)
	if err != nil {
		return "", remove, err
	}
	steps = append(steps, []string{"losetup", "--detach", device})
	if _, err := systemTool("mkdir", mounted); err != nil {
		return "", remove, err
	}
	if _, err := systemTool("mount", device, mounted); err != nil {
		return "", remove, err
	}
	steps = append(steps, []string{"umount", mounted})
	return mounted, remove, nil
}

// systemTool runs a program of the system, even after the benchmark was interrupted.
func systemTool(args ...string) (output string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), diskTimeout)
	defer cancel()
	said, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput()
	output = strings.TrimSpace(string(said))
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, output)
	}
	return output, nil
}
