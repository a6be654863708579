package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
)

// modeMask is a flag: permission bits, in octal.
type modeMask fs.FileMode

// Set implements pflag.Value.
func (m *modeMask) Set(text string) error {
	bits, err := strconv.ParseUint(text, 8, 32)
	if err != nil || bits > uint64(fs.ModePerm) {
		return errors.New("it must be an octal number from 0 to 777, such as 022")
	}
	*m = modeMask(bits)
	return nil
}

// String implements pflag.Value.
func (m *modeMask) String() string {
	if *m == 0 {
		return ""
	}
	return fmt.Sprintf("%03o", uint32(*m))
}

// Type implements pflag.Value.
func (m *modeMask) Type() string { return "octal" }
