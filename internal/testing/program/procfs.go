package program

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
)

// Memory returns the resident memory of a process in bytes, and its peak. It fails if the
// system does not report it, and if the process has ended.
func (p *Process) Memory() (now, peak int64, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Pid()))
	if err != nil {
		return 0, 0, err
	}
	now, nowErr := field(status, "VmRSS")
	peak, peakErr := field(status, "VmHWM")
	return now, peak, errors.Join(nowErr, peakErr)
}

// field returns a number of kibibytes in a status file, in bytes.
func field(status []byte, name string) (int64, error) {
	match := regexp.MustCompile(name + `:\s+(\d+) kB`).FindSubmatch(status)
	if match == nil {
		return 0, fmt.Errorf("no %s in %s", name, status)
	}
	kibibytes, err := strconv.ParseInt(string(match[1]), 10, 64)
	return kibibytes << 10, err
}

// OpenFiles returns how many files and connections a process has open. It fails if the
// system does not report it, and if the process has ended.
func (p *Process) OpenFiles() (int, error) {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.Pid()))
	return len(entries), err
}
