package doctor_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/tlsconfig"
	"github.com/tranship/tranship/cmd/tranship/internal/doctor"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/internal/testing/testcert"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// encrypted serves with a certificate, and returns the address and the files of the client.
func encrypted(t *testing.T, authority testcert.Pair, spec testcert.Spec, config server.Config) (address, ca string) {
	t.Helper()
	pair, err := authority.Issue(spec)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ca, _, err = authority.Write(dir, "ca")
	if err != nil {
		t.Fatal(err)
	}
	certificate, key, err := pair.Write(dir, "server")
	if err != nil {
		t.Fatal(err)
	}
	config.TLS, err = tlsconfig.Server(tlsconfig.ServerOptions{CertFile: certificate, KeyFile: key})
	if err != nil {
		t.Fatal(err)
	}
	return storeserver.Serve(t, new(mem.Store), config), ca
}

// trusting returns the options of a client.
func trusting(t *testing.T, address string, trust tlsconfig.ClientOptions) doctor.Options {
	t.Helper()
	config, err := tlsconfig.Client(address, trust)
	if err != nil {
		t.Fatal(err)
	}
	options := doctor.Options{}
	options.Client.TLS = config
	return options
}

func TestCertificate(t *testing.T) {
	t.Parallel()
	authority, err := testcert.NewAuthority("authority")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	local := []string{"127.0.0.1"}
	for name, test := range map[string]struct {
		spec  testcert.Spec
		now   time.Time
		level doctor.Level
		words []string
	}{
		"good":      {testcert.Spec{Hosts: local, NotAfter: now.Add(1000 * time.Hour)}, now, doctor.Good, []string{`signed by "authority"`, "127.0.0.1"}},
		"expires":   {testcert.Spec{Hosts: local, NotAfter: now.Add(1000 * time.Hour)}, now.Add(900 * time.Hour), doctor.Warning, []string{"expires in 4 days", "renew"}},
		"expired":   {testcert.Spec{Hosts: local, NotAfter: now.Add(-time.Hour)}, now, doctor.Problem, []string{"has expired", "renew"}},
		"too early": {testcert.Spec{Hosts: local}, now.Add(-48 * time.Hour), doctor.Warning, []string{"is not valid before", "clock"}},
		"name":      {testcert.Spec{Hosts: []string{"files.example"}}, now, doctor.Warning, []string{"not for 127.0.0.1", "its names"}},
	} {
		address, ca := encrypted(t, authority, test.spec, server.Config{})
		options := trusting(t, address, tlsconfig.ClientOptions{CAFile: ca})
		options.Now = func() time.Time { return test.now }
		all := examine(t, address, options)
		has(t, all, "certificate", test.level, test.words...)
		if name == "expired" || name == "name" {
			found := has(t, all, "connect", doctor.Problem)
			if !errors.Is(found.Err, tranship.ErrUnauthenticated) {
				t.Errorf("%s: %v", name, found.Err)
			}
		} else {
			has(t, all, "http2", doctor.Good)
			has(t, all, "lanes", doctor.Good)
		}
	}
}

// A client certificate that the other end does not ask for is found: a proxy ends TLS.
func TestClientCertificate(t *testing.T) {
	t.Parallel()
	authority, err := testcert.NewAuthority("authority")
	if err != nil {
		t.Fatal(err)
	}
	own, err := authority.Issue(testcert.Spec{Subject: "ann", ClientOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	certificate, key, err := own.Write(t.TempDir(), "client")
	if err != nil {
		t.Fatal(err)
	}
	address, ca := encrypted(t, authority, testcert.Spec{Hosts: []string{"127.0.0.1"}}, server.Config{})
	all := examine(t, address, trusting(t, address, tlsconfig.ClientOptions{CAFile: ca, CertFile: certificate, KeyFile: key}))
	has(t, all, "certificate", doctor.Warning, "did not ask for the client's certificate", "pass TLS through")
}
