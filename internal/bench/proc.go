package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// clockTick is the unit of CPU time in /proc, on all Linux systems that Go supports.
const clockTick = 10 * time.Millisecond

// processStat has the fields of /proc/PID/stat that the benchmark needs.
type processStat struct {
	parent int
	// cpu is the CPU time of the process and of the children that it has waited for.
	cpu time.Duration
}

func readStat(pid int) (processStat, bool) {
	content, err := os.ReadFile(procFile(pid, "stat"))
	if err != nil {
		return processStat{}, false
	}
	return parseStat(content)
}

// parseStat skips the command's name, which may contain spaces and parentheses.
func parseStat(content []byte) (processStat, bool) {
	end := bytes.LastIndexByte(content, ')')
	fields := bytes.Fields(content[end+1:])
	if end < 0 || len(fields) < 15 {
		return processStat{}, false
	}
	number := func(field int) int64 {
		n, _ := strconv.ParseInt(string(fields[field-3]), 10, 64)
		return n
	}
	// As numbered by proc(5): utime, stime, cutime, cstime.
	ticks := number(14) + number(15) + number(16) + number(17)
	return processStat{parent: int(number(4)), cpu: time.Duration(ticks) * clockTick}, true
}

// forest maps every process of the machine to its children.
type forest map[int][]int

func readForest() forest {
	entries, _ := os.ReadDir("/proc")
	children := forest{}
	for _, entry := range entries {
		child, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if stat, ok := readStat(child); ok {
			children[stat.parent] = append(children[stat.parent], child)
		}
	}
	return children
}

// tree returns pid and all its descendants.
func (f forest) tree(pid int) []int {
	tree := []int{pid}
	for i := 0; i < len(tree); i++ {
		tree = append(tree, f[tree[i]]...)
	}
	return tree
}

// treeCPU returns the CPU time of a process, of its running descendants, and of those
// that have ended and been waited for.
func treeCPU(pid int) time.Duration {
	var sum time.Duration
	for _, pid := range readForest().tree(pid) {
		if stat, ok := readStat(pid); ok {
			sum += stat.cpu
		}
	}
	return sum
}

// peakMemory returns the peak of a process's resident memory in bytes; 0 once it has
// ended. The rusage of an ended process is not usable, because it starts with the memory
// of the parent process.
func peakMemory(pid int) int64 {
	content, err := os.ReadFile(procFile(pid, "status"))
	if err != nil {
		return 0
	}
	_, after, _ := bytes.Cut(content, []byte("VmHWM:"))
	fields := bytes.Fields(after)
	if len(fields) == 0 {
		return 0
	}
	kibibytes, _ := strconv.ParseInt(string(fields[0]), 10, 64)
	return kibibytes << 10
}

// resetPeak resets peakMemory of a process and its descendants.
func resetPeak(pid int) {
	for _, pid := range readForest().tree(pid) {
		_ = os.WriteFile(procFile(pid, "clear_refs"), []byte("5"), 0) // Not all kernels support it.
	}
}

func procFile(pid int, name string) string {
	return filepath.Join("/proc", strconv.Itoa(pid), name)
}
