package main

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tranship/tranship/access/tlsconfig"
	"github.com/tranship/tranship/internal/testing/testcert"
)

// certificates writes NAME.pem and NAME.key into a directory. Except for stranger, ca has
// issued all of them.
//
//	ca        the authority; its key is not written
//	server    for 127.0.0.1
//	renewed   the same with another key
//	misnamed  for files.example
//	outdated  for 127.0.0.1, expired
//	alice     of a client
//	expired   of a client, expired
//	stranger  of a client, issued by another authority with the same name
func certificates(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	authority, err := testcert.NewAuthority("authority")
	ts.Check(err)
	other, err := testcert.NewAuthority("authority")
	ts.Check(err)
	past := time.Now().Add(-time.Hour)
	here := []string{"127.0.0.1"}
	_, _, err = authority.Write(dir, "ca")
	ts.Check(errors.Join(err, os.Remove(dir+"/ca.key")))
	for _, c := range []struct {
		name   string
		issuer testcert.Pair
		spec   testcert.Spec
	}{
		{"server", authority, testcert.Spec{Hosts: here}},
		{"renewed", authority, testcert.Spec{Hosts: here}},
		{"misnamed", authority, testcert.Spec{Hosts: []string{"files.example"}}},
		{"outdated", authority, testcert.Spec{Hosts: here, NotAfter: past}},
		{"alice", authority, testcert.Spec{Subject: "alice"}},
		{"expired", authority, testcert.Spec{Subject: "alice", NotAfter: past}},
		{"stranger", other, testcert.Spec{Subject: "alice"}},
	} {
		pair, err := c.issuer.Issue(c.spec)
		ts.Check(err)
		_, _, err = pair.Write(dir, c.name)
		ts.Check(err)
	}
}

func fingerprint(ts *testscript.TestScript, _ bool, args []string) {
	block, _ := pem.Decode([]byte(ts.ReadFile(args[0])))
	if block == nil {
		ts.Fatalf("%s has no certificate", args[0])
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	ts.Check(err)
	ts.Setenv(args[1], tlsconfig.FingerprintOf(certificate).String())
}
