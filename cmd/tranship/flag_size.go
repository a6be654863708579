package main

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// byteSize is a flag: a number of bytes, such as "4194304", "4096KiB" or "4MiB".
type byteSize int64

// Set implements pflag.Value.
func (s *byteSize) Set(text string) error {
	unit := int64(1)
	number := text
	for _, u := range []struct {
		name  string
		bytes int64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}} {
		if rest, ok := strings.CutSuffix(text, u.name); ok {
			number, unit = rest, u.bytes
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/unit {
		return errors.New("it must be a number of bytes, or of KiB, MiB, GiB or TiB, such as 64MiB")
	}
	*s = byteSize(n * unit)
	return nil
}

// String implements pflag.Value.
func (s *byteSize) String() string {
	if *s == 0 {
		return ""
	}
	return strconv.FormatInt(int64(*s), 10)
}

// Type implements pflag.Value.
func (s *byteSize) Type() string { return "size" }

// messageSize is a flag: the largest size of a message. 0 selects the default of the client
// or the server.
type messageSize struct{ byteSize }

// minMessageSize, in bytes, leaves room for a chunk of 1 MiB and the rest of its message.
const minMessageSize = 2 << 20

// Set implements pflag.Value.
func (s *messageSize) Set(text string) error {
	size := s.byteSize
	if err := size.Set(text); err != nil {
		return err
	}
	if size < minMessageSize || size > math.MaxInt32 {
		return errors.New("it must be at least 2MiB and less than 2GiB")
	}
	s.byteSize = size
	return nil
}
