package main

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
)

// calls are numbers of system calls by name.
type calls map[string]int64

// waits are the calls with which threads wait and wake each other up. Under strace, which
// makes every call slow, their number says little.
const waits = " futex epoll_wait epoll_pwait epoll_ctl poll ppoll select pselect6 nanosleep clock_nanosleep sched_yield restart_syscall rt_sigreturn tgkill getpid "

// working returns the number of calls other than waits.
func (c calls) working() int64 {
	var sum int64
	for name, n := range c {
		if !strings.Contains(waits, " "+name+" ") {
			sum += n
		}
	}
	return sum
}

// all returns the number of all calls.
func (c calls) all() int64 {
	var sum int64
	for _, n := range c {
		sum += n
	}
	return sum
}

// most returns the most frequent calls, with their numbers a file.
func (c calls) most(files int) string {
	names := slices.SortedFunc(maps.Keys(c), func(a, b string) int { return cmp.Or(cmp.Compare(c[b], c[a]), strings.Compare(a, b)) })
	var words []string
	for _, name := range names {
		if each := float64(c[name]) / float64(files); each >= 0.05 {
			words = append(words, fmt.Sprintf("%s %.2f", name, each))
		}
	}
	return strings.Join(words, ", ")
}

func readCalls(file string) (calls, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	counted := parseCalls(content)
	if len(counted) == 0 {
		return nil, fmt.Errorf("%s counts no calls: %s", file, last(string(content), 200))
	}
	return counted, nil
}

// parseCalls reads the table of strace -c: the share, seconds, microseconds a call, calls,
// errors if there are any, and the name.
func parseCalls(content []byte) calls {
	counted := calls{}
	lines := bufio.NewScanner(bytes.NewReader(content))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 5 || fields[len(fields)-1] == "total" {
			continue
		}
		if n, err := strconv.ParseInt(fields[3], 10, 64); err == nil {
			counted[fields[len(fields)-1]] += n
		}
	}
	return counted
}
