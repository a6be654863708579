package browser

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// memory returns how many bytes processes have in memory together; what some of them share counts
// once. A process that has ended has none.
func memory(t *testing.T, pids ...int) int64 {
	t.Helper()
	var total int64
	for _, pid := range pids {
		data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "smaps_rollup"))
		if err != nil {
			continue // it has ended
		}
		for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
			fields := strings.Fields(lines.Text())
			if len(fields) < 2 || fields[0] != "Pss:" {
				continue
			}
			kibibytes, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				t.Fatalf("process %d: %v", pid, err)
			}
			total += kibibytes << 10
		}
	}
	return total
}

// browserProcesses returns the processes of the browser, among them those of its tabs.
func browserProcesses(t *testing.T) []int {
	t.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	children := map[int][]int{}
	browsers := map[int]bool{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		// The name of a program is in brackets, and may have any character.
		before, after, _ := strings.Cut(string(data), "(")
		end := strings.LastIndexByte(after, ')')
		if before == "" || end < 0 {
			t.Fatalf("%s has %q", name, data)
		}
		fields := strings.Fields(after[end+1:])
		parent, _ := strconv.Atoi(fields[1])
		children[parent] = append(children[parent], pid)
		browsers[pid] = strings.HasPrefix(after[:end], "chrom")
	}
	var found []int
	for left := []int{os.Getpid()}; len(left) > 0; left = left[1:] {
		for _, child := range children[left[0]] {
			if browsers[child] {
				found = append(found, child)
			}
			left = append(left, child)
		}
	}
	if len(found) == 0 {
		t.Fatal("the browser has no process")
	}
	return found
}
