package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/access/tlsconfig"
)

// clientTLSFlags are the flags of commands that connect with TLS.
type clientTLSFlags struct {
	ca           string
	fingerprints fingerprintsFlag
	knownHosts   string
	tofu         bool
	cert, key    string
	min          tlsVersionFlag
}

// add adds the flags to a command and those below it.
func (f *clientTLSFlags) add(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	flags.StringVar(&f.ca, "ca", "", "PEM `file` with authorities to trust beside the system's")
	flags.Var(&f.fingerprints, "fingerprint", "`sha256:HEX` of the server's key, as it logs it: trust that and nothing else; may be repeated")
	flags.BoolVar(&f.tofu, "tofu", false, "trust on first use: remember the key of a server that is not known yet, and refuse another one from then on")
	flags.StringVar(&f.knownHosts, "known-hosts", "", "`file` of the keys that are remembered (default tranship/known_hosts where your configuration is, as in ~/.config)")
	flags.StringVar(&f.cert, "client-cert", "", "PEM `file` with the certificate to show to the server")
	flags.StringVar(&f.key, "client-key", "", "PEM `file` with the key of --client-cert")
	f.min.add(cmd, flags)
}

// given names a flag that was given; "" if none was.
func (f *clientTLSFlags) given() string {
	for _, flag := range []struct {
		given bool
		name  string
	}{
		{f.ca != "", "--ca"},
		{len(f.fingerprints) > 0, "--fingerprint"},
		{f.tofu, "--tofu"},
		{f.knownHosts != "", "--known-hosts"},
		{f.cert != "", "--client-cert"},
		{f.key != "", "--client-key"},
		{f.min != 0, "--tls-min"},
	} {
		if flag.given {
			return flag.name
		}
	}
	return ""
}

// config is the TLS of a connection to a server; nil for plaintext.
func (f *clientTLSFlags) config(server serverPlace, warn func(string)) (*tls.Config, error) {
	flag := f.given()
	switch {
	case !server.tls && flag != "":
		return nil, usagef("%s: it is plaintext, and %s is about TLS: write grpcs://%s", server, flag, server.address)
	case !server.tls:
		return nil, nil
	case len(f.fingerprints) > 0 && (f.tofu || f.ca != "" || f.knownHosts != ""):
		return nil, usageError{"--fingerprint alone says whom to trust: leave out --ca, --tofu and --known-hosts"}
	case f.cert != "" && f.key == "":
		return nil, usageError{"--client-cert needs --client-key: the file with its key"}
	case f.key != "" && f.cert == "":
		return nil, usageError{"--client-key needs --client-cert: the file with its certificate"}
	}
	known := f.knownHosts
	if known == "" {
		dir, err := os.UserConfigDir()
		switch {
		case err == nil:
			known = filepath.Join(dir, "tranship", "known_hosts")
		case f.tofu:
			return nil, usagef("--tofu: nobody knows where your configuration is (%v): say --known-hosts FILE", err)
		}
	}
	config, err := tlsconfig.Client(server.address, tlsconfig.ClientOptions{
		CAFile:          f.ca,
		Fingerprints:    f.fingerprints,
		KnownHostsFile:  known,
		TrustOnFirstUse: f.tofu,
		Trusted: func(host tlsconfig.KnownHost) {
			warn(fmt.Sprintf("%s is trusted from now on: its key %v was added to %s", server, host.Fingerprint, host.File))
		},
		CertFile:   f.cert,
		KeyFile:    f.key,
		MinVersion: uint16(f.min),
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", server, err)
	}
	return config, nil
}

// advise adds to the error of a connection what can be done with flags.
func (f *clientTLSFlags) advise(err error) error {
	if unknown, ok := errors.AsType[*tlsconfig.UnknownServerError](err); ok {
		return fmt.Errorf("%w; if that is what the server has logged, say --fingerprint %v, or once --tofu; or say --ca FILE if an authority has signed it",
			err, unknown.Fingerprint)
	}
	if strings.Contains(err.Error(), "give a token") {
		return fmt.Errorf("%w: say --token-file FILE, or --client-cert FILE --client-key FILE", err)
	}
	if f.cert == "" && strings.Contains(err.Error(), "client certificate") {
		return fmt.Errorf("%w: say --client-cert FILE --client-key FILE", err)
	}
	if f.min == 0 && strings.Contains(err.Error(), "least version of TLS") {
		return fmt.Errorf("%w: say --tls-min 1.2 if that is meant", err)
	}
	return err
}

// fingerprintsFlag is a flag that may be repeated.
type fingerprintsFlag []tlsconfig.Fingerprint

// Set implements pflag.Value.
func (f *fingerprintsFlag) Set(text string) error {
	fingerprint, err := tlsconfig.ParseFingerprint(text)
	if err != nil {
		return errors.New("it must be sha256: and 64 hexadecimal digits")
	}
	*f = append(*f, fingerprint)
	return nil
}

// String implements pflag.Value.
func (f *fingerprintsFlag) String() string {
	texts := make([]string, 0, len(*f))
	for _, fingerprint := range *f {
		texts = append(texts, fingerprint.String())
	}
	return strings.Join(texts, " ")
}

// Type implements pflag.Value.
func (f *fingerprintsFlag) Type() string { return "fingerprint" }
