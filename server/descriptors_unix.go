//go:build unix

package server

import "syscall"

// descriptorLimit is how many descriptors the process may have.
func descriptorLimit() int64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return manyDescriptors
	}
	return int64(min(uint64(limit.Cur), manyDescriptors)) //nolint:unconvert // signed on some systems
}

// manyDescriptors is more than any limit here comes to.
const manyDescriptors = 1 << 20
