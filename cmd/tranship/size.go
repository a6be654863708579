package main

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// byteSize is a flag of a number of bytes: "4194304", "4096KiB", "4MiB". 0 is the
// default of whom it is given to.
type byteSize int

const leastMessage = 2 << 20

// Set implements pflag.Value.
func (s *byteSize) Set(text string) error {
	unit := int64(1)
	number := text
	for _, u := range []struct {
		name  string
		bytes int64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}} {
		if rest, ok := strings.CutSuffix(text, u.name); ok {
			number, unit = rest, u.bytes
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return errors.New("it must be a number of bytes, or of KiB, MiB or GiB")
	}
	// One message carries up to 1 MiB of a file and what goes with it.
	if n < 0 || n > math.MaxInt32/unit || n*unit < leastMessage {
		return errors.New("it must be at least 2MiB and less than 2GiB")
	}
	*s = byteSize(n * unit)
	return nil
}

// String implements pflag.Value.
func (s *byteSize) String() string {
	if *s == 0 {
		return ""
	}
	return strconv.Itoa(int(*s))
}

// Type implements pflag.Value.
func (s *byteSize) Type() string { return "size" }
