package tlsconfig

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tranship/tranship"
)

// OptionError means that fields of ClientOptions contradict each other, or that a field is
// set for a connection without TLS. It matches tranship.ErrInvalid.
type OptionError struct {
	// Option is the name of the field, such as "CertFile".
	Option string
	// Needs, if not empty, is the name of a field that must be set together with Option,
	// and Excludes the name of a field that must not be. If both are empty, Option must
	// not be set for a connection without TLS.
	Needs, Excludes string
	// Err, if not nil, is the reason that Needs has no default.
	Err error
}

// Error implements error.
func (e *OptionError) Error() string {
	switch {
	case e.Err != nil:
		return fmt.Sprintf("%s needs %s, because there is no default: %v", e.Option, e.Needs, e.Err)
	case e.Needs != "":
		return fmt.Sprintf("%s needs %s", e.Option, e.Needs)
	case e.Excludes != "":
		return fmt.Sprintf("%s must not be set together with %s", e.Option, e.Excludes)
	}
	return e.Option + " must not be set for a connection without TLS"
}

// Is reports whether target is tranship.ErrInvalid.
func (e *OptionError) Is(target error) bool { return target == tranship.ErrInvalid }

// Unwrap returns Err.
func (e *OptionError) Unwrap() error { return e.Err }

// tlsFields returns the names of the fields that configure TLS, and whether they are set.
func (o ClientOptions) tlsFields() []tlsField {
	return []tlsField{
		{"CAFile", o.CAFile != ""},
		{"Fingerprints", len(o.Fingerprints) > 0},
		{"TrustOnFirstUse", o.TrustOnFirstUse},
		{"KnownHostsFile", o.KnownHostsFile != ""},
		{"CertFile", o.CertFile != ""},
		{"KeyFile", o.KeyFile != ""},
		{"MinVersion", o.MinVersion != 0},
	}
}

type tlsField struct {
	name string
	set  bool
}

// CheckPlaintext returns an *OptionError if a field that configures TLS is set. A caller
// that connects without TLS should call it, because a user who sets such a field expects
// TLS.
func (o ClientOptions) CheckPlaintext() error {
	for _, field := range o.tlsFields() {
		if field.set {
			return &OptionError{Option: field.name}
		}
	}
	return nil
}

// check returns an *OptionError if fields contradict each other.
func (o ClientOptions) check() error {
	switch {
	case o.CertFile != "" && o.KeyFile == "":
		return &OptionError{Option: "CertFile", Needs: "KeyFile"}
	case o.KeyFile != "" && o.CertFile == "":
		return &OptionError{Option: "KeyFile", Needs: "CertFile"}
	case len(o.Fingerprints) == 0:
		return nil
	case o.CAFile != "":
		return &OptionError{Option: "Fingerprints", Excludes: "CAFile"}
	case o.TrustOnFirstUse:
		return &OptionError{Option: "Fingerprints", Excludes: "TrustOnFirstUse"}
	case o.KnownHostsFile != "":
		return &OptionError{Option: "Fingerprints", Excludes: "KnownHostsFile"}
	}
	return nil
}

// UserClient is like Client, for programs that a person runs. The default of KnownHostsFile
// is DefaultKnownHostsFile, so that all programs of a user know the same servers. Options
// that contradict each other are an *OptionError.
func UserClient(address string, options ClientOptions) (*tls.Config, error) {
	if err := options.check(); err != nil {
		return nil, err
	}
	if options.KnownHostsFile == "" {
		name, err := DefaultKnownHostsFile()
		if err != nil && options.TrustOnFirstUse {
			return nil, &OptionError{Option: "TrustOnFirstUse", Needs: "KnownHostsFile", Err: err}
		}
		options.KnownHostsFile = name
	}
	return Client(address, options)
}

// DefaultKnownHostsFile returns the name of the known-hosts file of the current user,
// tranship/known_hosts in os.UserConfigDir. The file need not exist.
func DefaultKnownHostsFile() (string, error) {
	directory, err := os.UserConfigDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(directory, "tranship", "known_hosts"), nil
}
