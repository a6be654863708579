package main

import (
	"crypto/tls"
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tranship/tranship/access/tlsconfig"
)

// tlsVersionFlag is a flag: the minimum version of TLS; 0 if it was not passed.
type tlsVersionFlag uint16

// add adds the flag to flags, which are of cmd.
func (f *tlsVersionFlag) add(cmd *cobra.Command, flags *pflag.FlagSet) {
	flags.Var(f, "tls-min", "minimum version of TLS: `1.2|1.3` (default 1.3)")
	completeValues(cmd, "tls-min", "1.3", "1.2")
}

// Set implements pflag.Value.
func (f *tlsVersionFlag) Set(text string) error {
	version, err := tlsconfig.ParseVersion(text)
	if err != nil {
		return errors.New("it must be 1.2 or 1.3")
	}
	*f = tlsVersionFlag(version)
	return nil
}

// String implements pflag.Value.
func (f *tlsVersionFlag) String() string {
	switch *f {
	case tls.VersionTLS12:
		return "1.2"
	case tls.VersionTLS13:
		return "1.3"
	}
	return ""
}

// Type implements pflag.Value.
func (f *tlsVersionFlag) Type() string { return "version" }
