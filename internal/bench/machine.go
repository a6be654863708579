package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// machine describes the machine of the measurements.
type machine struct {
	CPU        string `json:"cpu"`
	Cores      int    `json:"cores"`
	Kernel     string `json:"kernel"`
	Go         string `json:"go"`
	FileSystem string `json:"file_system"`
}

// describeMachine describes the machine, with the file systems of a run.
func describeMachine(dir, durable string) machine {
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease") // Empty where there is no /proc.
	cpus, _ := os.ReadFile("/proc/cpuinfo")
	mounts, _ := os.ReadFile("/proc/self/mounts")
	return machine{
		CPU:        cpuModel(string(cpus)),
		Cores:      runtime.NumCPU(),
		Kernel:     runtime.GOOS + " " + strings.TrimSpace(string(kernel)),
		Go:         runtime.Version(),
		FileSystem: fmt.Sprintf("%s (durable cases: %s)", fileSystem(string(mounts), dir), fileSystem(string(mounts), durable)),
	}
}

func cpuModel(cpuinfo string) string {
	for line := range strings.Lines(cpuinfo) {
		if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// fileSystem returns the type of the mount that dir is in: the one with the longest path.
func fileSystem(mounts, dir string) string {
	longest, kind := "", "unknown"
	for line := range strings.Lines(mounts) {
		fields := strings.Fields(line)
		if len(fields) < 3 || len(fields[1]) < len(longest) {
			continue
		}
		if below, err := filepath.Rel(fields[1], dir); err == nil && filepath.IsLocal(below) {
			longest, kind = fields[1], fields[2]
		}
	}
	return kind
}
