package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// clockTick is the unit of processor time in /proc, on all Linux systems that Go
// runs on.
const clockTick = 10 * time.Millisecond

// processStat is what is needed of /proc/PID/stat.
type processStat struct {
	parent int
	// cpu is the time that it has used, and its children that it has waited for.
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

// forest has the children of every process of the machine.
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

// tree is pid and the processes that it has started, directly or not.
func (f forest) tree(pid int) []int {
	tree := []int{pid}
	for i := 0; i < len(tree); i++ {
		tree = append(tree, f[tree[i]]...)
	}
	return tree
}

// treeCPU is the processor time of a process, of what it has started and still
// runs, and of what has ended and been waited for.
func treeCPU(pid int) time.Duration {
	var sum time.Duration
	for _, pid := range readForest().tree(pid) {
		if stat, ok := readStat(pid); ok {
			sum += stat.cpu
		}
	}
	return sum
}

// peakMemory is the most that a process has had resident, in bytes; 0 once it has
// ended. The rusage of an ended process would do, did it not begin with the memory
// of the process that started it.
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

// resetPeak lets peakMemory of a process and of those it has started begin anew.
func resetPeak(pid int) {
	for _, pid := range readForest().tree(pid) {
		_ = os.WriteFile(procFile(pid, "clear_refs"), []byte("5"), 0) // Where the kernel can.
	}
}

func procFile(pid int, name string) string {
	return filepath.Join("/proc", strconv.Itoa(pid), name)
}
