package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/access/tlsconfig"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/internal/configfile"
)

const (
	// tlsSelfSigned is the value of --tls.
	tlsSelfSigned = "self-signed"

	clientAuthRequire  = "require"
	clientAuthOptional = "optional"
)

// serverTLSFlags are the flags of serve that set up TLS.
type serverTLSFlags struct {
	mode       string
	dir        string
	cert, key  string
	clientCA   string
	clientAuth string
	min        tlsVersionFlag
}

func (f *serverTLSFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.mode, "tls", "", "encrypt with a key that the server generates and keeps; it logs the fingerprint: `self-signed`")
	flags.StringVar(&f.dir, "tls-dir", "", "`directory` where --tls self-signed keeps its key (default .tranship/tls in the root, which no client can read)")
	flags.StringVar(&f.cert, "tls-cert", "", "encrypt with the certificate, and its intermediates, in a PEM `file`; reloaded when it changes")
	flags.StringVar(&f.key, "tls-key", "", "PEM `file` with the key of --tls-cert")
	flags.StringVar(&f.clientCA, "client-ca", "", "PEM `file` of the authorities that sign client certificates; clients then need one")
	flags.StringVar(&f.clientAuth, "client-auth", "", "whether a client needs a certificate: `require|optional` (default require with --client-ca)")
	f.min.add(cmd, flags)
	completeValues(cmd, "tls", tlsSelfSigned)
	completeValues(cmd, "client-auth", clientAuthRequire, clientAuthOptional)
}

// encrypted reports whether connections use TLS.
func (f *serverTLSFlags) encrypted() bool { return f.mode != "" || f.cert != "" || f.key != "" }

// authenticated reports whether every client needs a certificate.
func (f *serverTLSFlags) authenticated() bool {
	return f.clientCA != "" && f.clientAuth != clientAuthOptional
}

func (f *serverTLSFlags) validate() error {
	var m usage.Mistakes
	known := f.mode == "" || f.mode == tlsSelfSigned
	m.If(!known, "tls", "--tls %s: it must be self-signed; for a certificate of your own, pass --tls-cert and --tls-key", f.mode)
	switch {
	case f.mode != "" && (f.cert != "" || f.key != ""):
		m.If(known, "tls", "--tls self-signed excludes --tls-cert and --tls-key: pass only one of them")
	case f.cert != "" && f.key == "":
		m.If(true, "tls-cert", "--tls-cert needs --tls-key, the file with its key")
	case f.key != "" && f.cert == "":
		m.If(true, "tls-key", "--tls-key needs --tls-cert, the file with its certificate")
	}
	m.If(f.dir != "" && f.mode == "", "tls-dir", "--tls-dir needs --tls self-signed, which keeps its key there")
	m.If(f.clientAuth != "" && f.clientAuth != clientAuthRequire && f.clientAuth != clientAuthOptional,
		"client-auth", "--client-auth %s: it must be require or optional", f.clientAuth)
	m.If(f.clientAuth != "" && f.clientCA == "", "client-auth", "--client-auth needs --client-ca, the authorities that sign client certificates")
	needing := "tls-min"
	if f.clientCA != "" {
		needing = "client-ca"
	}
	m.If((f.clientCA != "" || f.min != 0) && !f.encrypted(), needing, "--client-ca and --tls-min need TLS; pass --tls self-signed, or --tls-cert and --tls-key")
	return m.Err()
}

// files opens the TLS files of a server that serves root and listens on address; it returns
// nil for plaintext.
func (f *serverTLSFlags) files(root string, address *net.TCPAddr, log *slog.Logger) (*tlsconfig.Files, error) {
	if !f.encrypted() {
		return nil, nil
	}
	options := tlsconfig.ServerOptions{
		CertFile:           f.cert,
		KeyFile:            f.key,
		ClientCAFile:       f.clientCA,
		ClientCertOptional: f.clientAuth == clientAuthOptional,
		MinVersion:         uint16(f.min),
		Logger:             log,
	}
	if f.mode == tlsSelfSigned {
		dir := filepath.Join(root, tranship.ReservedSegment, "tls")
		// The directory shows that the server has had a key: only the server makes it.
		_, err := os.Lstat(dir)
		hadKey := err == nil
		if f.dir != "" {
			hadKey = false
			dir = f.dir
			if err := errors.Join(os.MkdirAll(dir, 0o700), configfile.CheckPath(dir)); err != nil {
				return nil, fmt.Errorf("--tls-dir: %w", err)
			}
		}
		options.SelfSigned = &tlsconfig.SelfSigned{Dir: dir, Names: ownNames(address), KeyMustExist: hadKey}
	}
	return tlsconfig.OpenFiles(options)
}

// certificates returns the authenticator by client certificates; nil without --client-ca.
func (f *serverTLSFlags) certificates(files *tlsconfig.Files) authn.Authenticator {
	if f.clientCA == "" {
		return nil
	}
	return authn.Certificates{Verify: files.VerifyClient}
}

// hostName matches the host names that a certificate can have. A machine may be called
// otherwise.
var hostName = regexp.MustCompile(`^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$`)

// ownNames returns the names by which clients may reach this machine at an address.
func ownNames(address *net.TCPAddr) []string {
	names := []string{"localhost", "127.0.0.1", "::1"}
	if name, err := os.Hostname(); err == nil && hostName.MatchString(name) {
		names = append(names, name)
	}
	if address.IP != nil && !address.IP.IsUnspecified() {
		names = append(names, address.IP.String())
	}
	slices.Sort(names)
	return slices.Compact(names)
}
