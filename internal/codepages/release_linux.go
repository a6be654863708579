package codepages

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"reflect"

	"golang.org/x/sys/unix"
)

func release() error {
	content, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return err
	}
	var errs []error
	for _, m := range program(parse(content), uint64(reflect.ValueOf(release).Pointer())) {
		// The mapping is private and not changed, so that the system reads the same bytes from the file again.
		if _, _, errno := unix.Syscall(unix.SYS_MADVISE, uintptr(m.from), uintptr(m.to-m.from), unix.MADV_DONTNEED); errno != 0 {
			errs = append(errs, fmt.Errorf("madvise: %w", errno))
		}
	}
	return errors.Join(errs...)
}

// mapping is a part of the memory of a process, from one address to another.
type mapping struct {
	from, to    uint64
	permissions string
	// device and inode are those of the file that is mapped; inode is 0 if none is.
	device string
	inode  uint64
	// changed is how many KiB differ from the file.
	changed uint64
}

// program returns the mappings that can be given back of the file that has the code at an address.
func program(mappings []mapping, code uint64) []mapping {
	var own mapping
	for _, m := range mappings {
		if m.from <= code && code < m.to {
			own = m
		}
	}
	var released []mapping
	for _, m := range mappings {
		readOnly := m.permissions == "r-xp" || m.permissions == "r--p"
		if own.inode != 0 && m.inode == own.inode && m.device == own.device && readOnly && m.changed == 0 {
			released = append(released, m)
		}
	}
	return released
}

// parse reads the content of /proc/PID/smaps: see proc_pid_smaps(5). Each mapping is a line with its addresses, as in
// /proc/PID/maps, and some lines with a name and a colon.
func parse(content []byte) []mapping {
	var mappings []mapping
	for line := range bytes.Lines(content) {
		if isNamed := 'A' <= line[0] && line[0] <= 'Z'; !isNamed {
			var m mapping
			var offset uint64
			if n, _ := fmt.Sscanf(string(line), "%x-%x %s %x %s %d", &m.from, &m.to, &m.permissions, &offset, &m.device, &m.inode); n == 6 {
				mappings = append(mappings, m)
			}
		} else if rest, ok := bytes.CutPrefix(line, []byte("Anonymous:")); ok && len(mappings) > 0 {
			if _, err := fmt.Sscan(string(rest), &mappings[len(mappings)-1].changed); err != nil {
				mappings = mappings[:len(mappings)-1]
			}
		}
	}
	return mappings
}
