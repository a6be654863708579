package main

import (
	"errors"
	"math"
	"strconv"

	"github.com/tranship/tranship/internal/bytesize"
)

// byteSize is a flag: a number of bytes, such as "4194304", "4096KiB", "4MiB", "1.5G" or
// "10GB". The letter case of the unit does not matter. K and KiB are 1024 bytes, as in other
// commands, and KB is 1000.
type byteSize int64

// Set implements pflag.Value.
func (s *byteSize) Set(text string) error {
	n, ok := bytesize.Parse(text)
	if !ok {
		return errors.New(bytesize.Rule)
	}
	*s = byteSize(n)
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
