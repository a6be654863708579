package main

import (
	"errors"
)

// anonymousFlag is a flag: what may be done by those who have not said who they are.
// It is empty when that was not said, and when it is nothing.
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
