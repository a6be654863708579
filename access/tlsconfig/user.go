package tlsconfig

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tranship/tranship"
)

// OptionError means that a field of ClientOptions cannot be used together with others. It
// matches tranship.ErrInvalid.
type OptionError struct {
	// Option is the name of the field, "CertFile".
	Option string
	// Needs, if not empty, is the name of the field that Option must not be without, and
	// Excludes that of a field that it must not be with.
	Needs, Excludes string
	// Err, when not nil, is why there is no default for Needs.
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

// Is implements the matching of tranship.ErrInvalid.
func (e *OptionError) Is(target error) bool { return target == tranship.ErrInvalid }

// Unwrap is why there is no default.
func (e *OptionError) Unwrap() error { return e.Err }

// given are the names of the fields that say something about TLS, and whether they are set.
func (o ClientOptions) given() []givenOption {
	return []givenOption{
		{"CAFile", o.CAFile != ""},
		{"Fingerprints", len(o.Fingerprints) > 0},
		{"TrustOnFirstUse", o.TrustOnFirstUse},
		{"KnownHostsFile", o.KnownHostsFile != ""},
		{"CertFile", o.CertFile != ""},
		{"KeyFile", o.KeyFile != ""},
		{"MinVersion", o.MinVersion != 0},
	}
}

type givenOption struct {
	name string
	set  bool
}

// CheckPlaintext fails with an *OptionError if any field asks for something of TLS: a
// caller that does so does not mean a connection without it.
func (o ClientOptions) CheckPlaintext() error {
	for _, option := range o.given() {
		if option.set {
			return &OptionError{Option: option.name}
		}
	}
	return nil
}

// check fails with an *OptionError if fields contradict each other.
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

// UserClient is Client for a person's program: KnownHostsFile is by default that of
// DefaultKnownHostsFile, so that all programs of a user know the same servers, and options
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

// DefaultKnownHostsFile is the name of the file of known hosts of the user whose process
// this is: tranship/known_hosts where os.UserConfigDir is. It need not exist.
func DefaultKnownHostsFile() (string, error) {
	directory, err := os.UserConfigDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(directory, "tranship", "known_hosts"), nil
}
