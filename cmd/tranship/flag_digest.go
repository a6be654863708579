package main

import (
	"errors"

	"github.com/tranship/tranship/transfer"
)

// algorithmFlag is a flag: the algorithm of a digest, "" for none.
type algorithmFlag string

// Set implements pflag.Value.
func (a *algorithmFlag) Set(text string) error {
	if _, err := transfer.NewHash(text); err != nil {
		return errors.New("it must be sha256 or blake3")
	}
	*a = algorithmFlag(text)
	return nil
}

// String implements pflag.Value.
func (a *algorithmFlag) String() string { return string(*a) }

// Type implements pflag.Value.
func (a *algorithmFlag) Type() string { return "algorithm" }

// digestFlag is a flag: the digest of a file, such as "sha256:2cf2…". nil means none.
type digestFlag struct{ digest *transfer.Digest }

// Set implements pflag.Value.
func (d *digestFlag) Set(text string) error {
	digest, err := transfer.ParseDigest(text)
	if err != nil {
		return errors.New("it must be sha256: or blake3: and 64 hexadecimal digits")
	}
	d.digest = &digest
	return nil
}

// String implements pflag.Value.
func (d *digestFlag) String() string {
	if d.digest == nil {
		return ""
	}
	return d.digest.String()
}

// Type implements pflag.Value.
func (d *digestFlag) Type() string { return "digest" }
