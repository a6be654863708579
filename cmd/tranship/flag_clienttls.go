package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/tlsconfig"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/internal/configfile"
)

// clientTLSFlags are the flags of commands that connect with TLS.
type clientTLSFlags struct {
	ca           string
	fingerprints fingerprintsFlag
	knownHosts   string
	tofu         bool
	cert, key    boundValues
	min          tlsVersionFlag
	pipes        tlsconfig.Pipes
}

// add adds the flags to a command and those below it.
func (f *clientTLSFlags) add(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	flags.StringVar(&f.ca, "ca", "", "PEM `file` with authorities to trust beside the system's")
	flags.Var(&f.fingerprints, "fingerprint", "`[ADDRESS=]sha256:HEX` of the key of the server, or of the one at ADDRESS, host:port, as it logs it: trust that and nothing else; may be repeated")
	flags.BoolVar(&f.tofu, "tofu", false, "trust on first use: remember the key of a server that is not known yet, and refuse another one from then on")
	flags.StringVar(&f.knownHosts, "known-hosts", "", "`file` of the keys that are remembered (default tranship/known_hosts where your configuration is, as in ~/.config)")
	f.cert = boundValues{name: "--client-cert", what: "FILE"}
	f.key = boundValues{name: "--client-key", what: "FILE"}
	flags.Var(&f.cert, "client-cert", "PEM `[ADDRESS=]FILE` with the certificate to show to the server, or to the one at ADDRESS, host:port; may be repeated")
	flags.Var(&f.key, "client-key", "PEM `[ADDRESS=]FILE` with the key of --client-cert, likewise")
	f.min.add(cmd, flags)
}

// bind says which servers a command is about.
func (f *clientTLSFlags) bind(servers []location.Server) error {
	if err := f.cert.bind(servers); err != nil {
		return err
	}
	return f.key.bind(servers)
}

// flagOf is the flag that sets a field of tlsconfig.ClientOptions.
func flagOf(option string) string {
	return map[string]string{
		"CAFile":          "--ca",
		"Fingerprints":    "--fingerprint",
		"TrustOnFirstUse": "--tofu",
		"KnownHostsFile":  "--known-hosts",
		"CertFile":        "--client-cert",
		"KeyFile":         "--client-key",
		"MinVersion":      "--tls-min",
	}[option]
}

// inFlags is an error of the options for a server, in terms of flags.
func inFlags(server location.Server, err error) error {
	failed, ok := errors.AsType[*tlsconfig.OptionError](err)
	if !ok {
		return fmt.Errorf("%s: %w", server, err)
	}
	flag := flagOf(failed.Option)
	switch {
	case failed.Option == "TrustOnFirstUse" && failed.Needs != "":
		return usage.Errorf("--tofu: nobody knows where your configuration is (%v): say --known-hosts FILE", failed.Err)
	case failed.Needs != "":
		of := map[string]string{"CertFile": "certificate", "KeyFile": "key"}[failed.Needs]
		return usage.Errorf("%s: %s needs %s: the file with its %s", server, flag, flagOf(failed.Needs), of)
	case failed.Excludes != "":
		return usage.New("--fingerprint alone says whom to trust: leave out --ca, --tofu and --known-hosts")
	}
	return usage.Errorf("%s: it is plaintext, and %s is about TLS: write grpcs://%s", server, flag, server.Address)
}

// options are what the flags say about a server.
func (f *clientTLSFlags) options(server location.Server, warn func(string)) tlsconfig.ClientOptions {
	options := tlsconfig.ClientOptions{
		CAFile:          f.ca,
		Fingerprints:    f.fingerprints.of(server),
		KnownHostsFile:  f.knownHosts,
		TrustOnFirstUse: f.tofu,
		Trusted: func(host tlsconfig.KnownHost) {
			warn(fmt.Sprintf("%s is trusted from now on: its key %v was added to %s", server, host.Fingerprint, host.File))
		},
		Pipes:    &f.pipes,
		CertFile: f.cert.at(server),
		KeyFile:  f.key.at(server),
		Stale: func(err error) {
			warn(fmt.Sprintf("%s: %v; what was there before stays in use", server, err))
		},
		MinVersion: uint16(f.min),
	}
	if f.fingerprints.bound[canonicalAddress(server.Address)] != nil {
		// The other flags are for the other servers of the command.
		options.CAFile, options.KnownHostsFile, options.TrustOnFirstUse = "", "", false
	}
	return options
}

// config is the TLS of a connection to a server; nil for plaintext.
func (f *clientTLSFlags) config(server location.Server, warn func(string)) (*tls.Config, error) {
	options := f.options(server, warn)
	if !server.TLS {
		if err := options.CheckPlaintext(); err != nil {
			return nil, inFlags(server, err)
		}
		return nil, nil
	}
	config, err := tlsconfig.UserClient(server.Address, options)
	if err != nil {
		return nil, inFlags(server, err)
	}
	f.warnOfModes(options.KeyFile, warn)
	return config, nil
}

// warnOfModes warns of files that others can read, or change, and should not.
func (f *clientTLSFlags) warnOfModes(key string, warn func(string)) {
	for _, file := range []struct {
		flag, name string
		secret     bool
	}{{"--client-key", key, true}, {"--ca", f.ca, false}, {"--known-hosts", f.knownHosts, false}} {
		info, err := os.Stat(file.name)
		switch {
		case file.name == "" || err != nil || !info.Mode().IsRegular():
		case configfile.Writable(info):
			warn(fmt.Sprintf("%s %s: other users of this machine can write to it: chmod go-w it", file.flag, file.name))
		case file.secret && configfile.Readable(info):
			warn(fmt.Sprintf("%s %s: all users of this machine can read it: chmod 600 it", file.flag, file.name))
		}
	}
}

// advise adds to the error of a connection to a server what can be done with flags.
func (f *clientTLSFlags) advise(server location.Server, err error) error {
	if unknown, ok := errors.AsType[*tlsconfig.UnknownServerError](err); ok {
		return fmt.Errorf("%w; if that is what the server has logged, say --fingerprint %v, or once --tofu; or say --ca FILE if an authority has signed it",
			err, unknown.Fingerprint)
	}
	const certificate = "say --client-cert FILE --client-key FILE"
	if missing, ok := errors.AsType[*tranship.CredentialsError](err); ok && missing.Token {
		return fmt.Errorf("%w: say --token-file FILE, or --client-cert FILE --client-key FILE", err)
	} else if ok && f.cert.at(server) == "" {
		return fmt.Errorf("%w: %s", err, certificate)
	}
	failed, ok := errors.AsType[*client.ConnectError](err)
	switch {
	case !ok:
	case failed.Hint == client.HintCertificate && f.cert.at(server) == "":
		return fmt.Errorf("%w: %s", err, certificate)
	case failed.Hint == client.HintTLSVersion && f.min == 0:
		return fmt.Errorf("%w: say --tls-min 1.2 if that is meant", err)
	}
	return err
}

// fingerprintsFlag is a flag that may be repeated. The keys of servers are public: those
// that are not bound to an address may be any server's.
type fingerprintsFlag struct {
	shared []tlsconfig.Fingerprint
	bound  map[string][]tlsconfig.Fingerprint
}

// of are those that a server may have: its own, if there are any.
func (f *fingerprintsFlag) of(server location.Server) []tlsconfig.Fingerprint {
	if own := f.bound[canonicalAddress(server.Address)]; len(own) > 0 {
		return own
	}
	return f.shared
}

// Set implements pflag.Value.
func (f *fingerprintsFlag) Set(text string) error {
	address, text, bound := cutAddress(text)
	fingerprint, err := tlsconfig.ParseFingerprint(text)
	if err != nil {
		return errors.New("it must be sha256: and 64 hexadecimal digits, or that after ADDRESS= for the server at an address, host:port")
	}
	if !bound {
		f.shared = append(f.shared, fingerprint)
		return nil
	}
	if f.bound == nil {
		f.bound = map[string][]tlsconfig.Fingerprint{}
	}
	f.bound[address] = append(f.bound[address], fingerprint)
	return nil
}

// String implements pflag.Value.
func (f *fingerprintsFlag) String() string {
	texts := make([]string, 0, len(f.shared))
	for _, fingerprint := range f.shared {
		texts = append(texts, fingerprint.String())
	}
	return strings.Join(texts, " ")
}

// Type implements pflag.Value.
func (f *fingerprintsFlag) Type() string { return "fingerprint" }
