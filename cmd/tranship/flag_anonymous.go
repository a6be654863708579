package main

import (
	"errors"
)

// anonymousFlag is a flag: what clients without credentials may do. The empty value means
// that the flag was not passed, or that they may do nothing.
type anonymousFlag string

const (
	anonymousRead  anonymousFlag = "read"
	anonymousWrite anonymousFlag = "write"
)

// Set implements pflag.Value.
func (f *anonymousFlag) Set(text string) error {
	switch anonymousFlag(text) {
	case anonymousRead, anonymousWrite:
		*f = anonymousFlag(text)
		return nil
	}
	return errors.New("it must be read or write")
}

// String implements pflag.Value.
func (f *anonymousFlag) String() string { return string(*f) }

// Type implements pflag.Value.
func (f *anonymousFlag) Type() string { return "permission" }
