package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/tlsconfig"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/copycmd"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/internal/configfile"
	filesrvpb "github.com/tranship/tranship/proto/filesrv/v1"
	transferpb "github.com/tranship/tranship/proto/filetransfer"
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
	flags.StringVar(&f.ca, "ca", "", "PEM `file` of certificate authorities to trust beside the system's")
	flags.Var(&f.fingerprints, "fingerprint", "`[ADDRESS=]sha256:HEX`, the fingerprint that the server, or the one at ADDRESS, host:port, logs for its key: trust this key and no other; may be repeated")
	flags.BoolVar(&f.tofu, "tofu", false, "trust on first use: remember the key of an unknown server, and refuse any other key from then on")
	flags.StringVar(&f.knownHosts, "known-hosts", "", "`file` of the remembered keys (default tranship/known_hosts in your configuration directory, such as ~/.config)")
	f.cert = boundValues{name: "--client-cert", what: "FILE"}
	f.key = boundValues{name: "--client-key", what: "FILE"}
	flags.Var(&f.cert, "client-cert", "PEM `[ADDRESS=]FILE` with the client certificate for the server, or for the one at ADDRESS, host:port; may be repeated")
	flags.Var(&f.key, "client-key", "PEM `[ADDRESS=]FILE` with the key of --client-cert; may be repeated")
	f.min.add(cmd, flags)
}

// bind sets the servers of the command.
func (f *clientTLSFlags) bind(servers []location.Server) error {
	if err := f.cert.bind(servers); err != nil {
		return err
	}
	return f.key.bind(servers)
}

// clientFlagError returns an error of the TLS options of a server in terms of flags.
func clientFlagError(server location.Server, err error) error {
	failed, ok := errors.AsType[*tlsconfig.OptionError](err)
	if !ok {
		return fmt.Errorf("%s: %w", server, err)
	}
	flags := console.ClientTLSFlags()
	flag := flags[failed.Option]
	switch {
	case failed.Option == "TrustOnFirstUse" && failed.Needs != "":
		return usage.Errorf("--tofu: your configuration directory is unknown (%v); pass --known-hosts FILE", failed.Err)
	case failed.Needs != "":
		of := map[string]string{"CertFile": "certificate", "KeyFile": "key"}[failed.Needs]
		return usage.Errorf("%s: %s needs %s, the file with its %s", server, flag, flags[failed.Needs], of)
	case failed.Excludes != "":
		return usage.New("--fingerprint alone decides which server is trusted; leave out --ca, --tofu and --known-hosts")
	}
	return usage.Errorf("%s: the connection is plaintext, but %s needs TLS; write grpcs://%s", server, flag, server.Address)
}

// options returns the TLS options that the flags set for a server.
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
		CertFile: f.cert.valueFor(server),
		KeyFile:  f.key.valueFor(server),
		Stale: func(err error) {
			warn(fmt.Sprintf("%s: %v; the previous content stays in use", server, err))
		},
		MinVersion: uint16(f.min),
	}
	if f.fingerprints.bound[canonicalAddress(server.Address)] != nil {
		// --ca, --known-hosts and --tofu are for the other servers of the command.
		options.CAFile, options.KnownHostsFile, options.TrustOnFirstUse = "", "", false
	}
	return options
}

// config returns the TLS configuration of connections to a server; nil for plaintext.
func (f *clientTLSFlags) config(server location.Server, warn func(string)) (*tls.Config, error) {
	options := f.options(server, warn)
	if !server.TLS {
		if err := options.CheckPlaintext(); err != nil {
			return nil, clientFlagError(server, err)
		}
		return nil, nil
	}
	config, err := tlsconfig.UserClient(server.Address, options)
	if err != nil {
		return nil, clientFlagError(server, err)
	}
	f.warnOfModes(options.KeyFile, warn)
	return config, nil
}

// warnOfModes warns of files that other users can change, and of a key that they can read.
func (f *clientTLSFlags) warnOfModes(key string, warn func(string)) {
	for _, file := range []struct {
		flag, name string
		secret     bool
	}{{"--client-key", key, true}, {"--ca", f.ca, false}, {"--known-hosts", f.knownHosts, false}} {
		info, err := os.Stat(file.name)
		switch {
		case file.name == "" || err != nil || !info.Mode().IsRegular():
		case configfile.Writable(info):
			warn(fmt.Sprintf("%s %s: other users of this machine can write to it; run chmod go-w on it", file.flag, file.name))
		case file.secret && configfile.Readable(info):
			warn(fmt.Sprintf("%s %s: all users of this machine can read it; run chmod 600 on it", file.flag, file.name))
		}
	}
}

// advise adds the flags that can help to the error of a connection to a server.
func (f *clientTLSFlags) advise(server location.Server, err error) error {
	if unknown, ok := errors.AsType[*tlsconfig.UnknownServerError](err); ok {
		return fmt.Errorf("%w; if the server has logged that fingerprint, pass --fingerprint %v, or --tofu once; if an authority has signed its certificate, pass --ca FILE",
			err, unknown.Fingerprint)
	}
	const certificate = "pass --client-cert FILE and --client-key FILE"
	if missing, ok := errors.AsType[*tranship.CredentialsError](err); ok && missing.Token {
		return fmt.Errorf("%w: pass --token-file FILE, or --client-cert FILE and --client-key FILE", err)
	} else if ok && f.cert.valueFor(server) == "" {
		return fmt.Errorf("%w: %s", err, certificate)
	}
	if other, ok := errors.AsType[*client.ServiceError](err); ok {
		return adviseProtocol(other)
	}
	failed, ok := errors.AsType[*client.ConnectError](err)
	switch {
	case !ok:
	case failed.Hint == client.HintCertificate && f.cert.valueFor(server) == "":
		return fmt.Errorf("%w: %s", err, certificate)
	case failed.Hint == client.HintTLSVersion && f.min == 0:
		return fmt.Errorf("%w: pass --tls-min 1.2 to allow it", err)
	}
	return err
}

// adviseProtocol adds to the error of a server the --protocol that may work with it.
func adviseProtocol(other *client.ServiceError) error {
	protocols := copycmd.ProtocolFilesrv + " or " + copycmd.ProtocolFiletransfer
	switch {
	case slices.Contains(other.Services, filesrvpb.FileSrv_ServiceDesc.ServiceName):
		protocols = copycmd.ProtocolFilesrv
	case slices.Contains(other.Services, transferpb.FileService_ServiceDesc.ServiceName):
		protocols = copycmd.ProtocolFiletransfer
	case len(other.Services) > 0:
		return other
	}
	return fmt.Errorf("%w: for servers of other protocols, pass --protocol %s to tranship cp", other, protocols)
}

// fingerprintsFlag is a flag that may be repeated. Keys of servers are public, unlike
// credentials: one without an address applies to every server of the command.
type fingerprintsFlag struct {
	// shared are without an address; bound are by canonical address.
	shared []tlsconfig.Fingerprint
	bound  map[string][]tlsconfig.Fingerprint
}

// of returns the fingerprints to accept from a server: those of its address, or else the
// shared ones.
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
		return errors.New("it must be sha256: and 64 hexadecimal digits, optionally after ADDRESS=, where ADDRESS is host:port")
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
