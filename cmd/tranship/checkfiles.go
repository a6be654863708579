package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tranship/tranship/access/policy"
	"github.com/tranship/tranship/access/tlsconfig"
	"github.com/tranship/tranship/access/token"
	"github.com/tranship/tranship/cmd/tranship/internal/copycmd"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/internal/configfile"
	"github.com/tranship/tranship/store/disk"
)

// checkFiles returns the mistakes in files and directories that the flags name. It writes
// nothing.
func (f *serveFlags) checkFiles() error {
	var mistakes usage.Mistakes
	check := func(flag string, err error) {
		if err != nil {
			mistakes.Add(usage.AtFlag(flag, fmt.Errorf("--%s: %w", flag, err)))
		}
	}
	check("root", f.checkRoot())
	for flag, name := range map[string]string{"audit-log": f.protection.auditLog, "ready-file": f.readyFile} {
		if name != "" && name != "-" {
			check(flag, checkDirectory(filepath.Dir(name)))
		}
	}
	if f.store.ca != "" {
		check("s3-ca", checkAuthorities(f.store.ca))
	}
	mistakes.Add(f.hooks.checkFiles(), f.signIn.checkFiles(), f.checkReloaded())
	return mistakes.Err()
}

// checkReloaded returns the mistakes in the files that the server reads again when they
// change.
func (f *serveFlags) checkReloaded() error {
	var mistakes usage.Mistakes
	check := func(flag string, err error) {
		if err != nil {
			mistakes.Add(usage.AtFlag(flag, fmt.Errorf("--%s: %w", flag, err)))
		}
	}
	if f.protection.policy != "" {
		_, err := policy.Open(f.protection.policy, nil)
		check("policy", err)
	}
	if f.identity.tokens != "" {
		_, err := token.Open(f.identity.tokens, token.Options{})
		check("tokens", err)
	}
	if f.tls.cert != "" && f.tls.key != "" {
		_, err := tlsconfig.OpenFiles(tlsconfig.ServerOptions{CertFile: f.tls.cert, KeyFile: f.tls.key, ClientCAFile: f.tls.clientCA})
		check("tls-cert", err)
	} else if f.tls.clientCA != "" {
		check("client-ca", checkAuthorities(f.tls.clientCA))
	}
	return mistakes.Err()
}

// checkRoot refuses a root that is not a directory. One that is missing is made later, unless
// --root-must-exist is set.
func (f *serveFlags) checkRoot() error {
	if f.root == "" {
		return nil
	}
	if f.rootMustExist {
		if err := disk.CheckExists(f.root); err != nil {
			return fmt.Errorf("%s: %w", f.root, copycmd.LocalError(err))
		}
	}
	if err := checkDirectory(f.root); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// checkDirectory refuses a path that is not a directory.
func checkDirectory(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, copycmd.LocalError(err))
	}
	if !info.IsDir() {
		return fmt.Errorf("%s: it is not a directory", name)
	}
	return nil
}

// checkAuthorities refuses a file that has no certificate.
func checkAuthorities(name string) error {
	text, _, err := configfile.New(name, configfile.Options{Streams: true}).Read()
	if err == nil && !x509.NewCertPool().AppendCertsFromPEM(text) {
		err = fmt.Errorf("%s: there is no certificate in PEM format", name)
	}
	return err
}
