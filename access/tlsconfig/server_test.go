package tlsconfig_test

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship/access/tlsconfig"
	"github.com/tranship/tranship/internal/testing/testcert"
	"github.com/tranship/tranship/internal/testing/testclock"
)

// TestClientCertificates checks that an authority must have signed a client's certificate,
// and that the certificate must be valid now.
func TestClientCertificates(t *testing.T) {
	s := newSite(t)
	stranger := must(testcert.NewAuthority("authority"))
	good := must(s.authority.Issue(testcert.Spec{Subject: "alice"}))
	for _, test := range []struct {
		name string
		pair testcert.Pair
		want string
	}{
		{"good", good, ""},
		{"none", testcert.Pair{}, "didn't provide a certificate"},
		{"expired", must(s.authority.Issue(testcert.Spec{NotAfter: time.Now().Add(-time.Minute)})), "expired"},
		{"of another authority of the same name", must(stranger.Issue(testcert.Spec{})), "unknown authority"},
		{"self-signed", must(testcert.SelfSigned(testcert.Spec{Subject: "alice"})), "unknown authority"},
		{"signed by a client", must(good.Issue(testcert.Spec{})), "authority"},
	} {
		for _, optional := range []bool{false, true} {
			server, err := tlsconfig.Server(tlsconfig.ServerOptions{
				CertFile: s.cert, KeyFile: s.key, ClientCAFile: s.ca, ClientCertOptional: optional,
			})
			if err != nil {
				t.Fatal(err)
			}
			state, _, serverErr, clientErr := shake(t, server, showing(t, s, test.pair))
			want := test.want
			if optional && test.name == "none" {
				want = ""
			}
			if want == "" {
				if serverErr != nil || clientErr != nil {
					t.Errorf("%s: server: %v, client: %v", test.name, serverErr, clientErr)
				}
				if verified := len(state.VerifiedChains) > 0; verified != (test.name == "good") {
					t.Errorf("%s: verified: %v", test.name, verified)
				}
				continue
			}
			if serverErr == nil || !strings.Contains(serverErr.Error(), want) || clientErr == nil {
				t.Errorf("%s: server: %v, client: %v; want %q", test.name, serverErr, clientErr, want)
			}
		}
	}
}

// showing returns the configuration of a client with a certificate.
func showing(t *testing.T, s site, pair testcert.Pair) *tls.Config {
	t.Helper()
	options := tlsconfig.ClientOptions{CAFile: s.ca}
	if pair.Key != nil {
		options.CertFile, options.KeyFile, _ = must3(pair.Write(t.TempDir(), "client"))
	}
	config, err := tlsconfig.Client("127.0.0.1:1", options)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// TestClientAuthorityRemoved checks that an authority that was removed is no longer trusted,
// not even in resumed sessions. With the same authorities sessions are resumed, even after
// the server's certificate was renewed.
func TestClientAuthorityRemoved(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		s := newSite(t)
		authority := must(testcert.NewAuthority("clients"))
		file, _, _ := must3(authority.Write(s.dir, "clients"))
		clock, log := testclock.New(time.Now()), &journal{}
		server, err := tlsconfig.Server(tlsconfig.ServerOptions{
			CertFile: s.cert, KeyFile: s.key, ClientCAFile: file,
			MinVersion: tls.VersionTLS12, Now: clock.Now, Logger: log.logger(),
		})
		if err != nil {
			t.Fatal(err)
		}
		client := showing(t, s, must(authority.Issue(testcert.Spec{Subject: "alice"})))
		client.MinVersion, client.MaxVersion = version, version
		client.ClientSessionCache = tls.NewLRUClientSessionCache(0)
		for i, resumed := range []bool{false, true, true} {
			if i == 2 {
				must3(must(s.authority.Issue(testcert.Spec{Hosts: []string{"127.0.0.1"}})).Write(s.dir, "server"))
				clock.Advance(time.Second)
			}
			state, _, serverErr, clientErr := shake(t, server, client)
			if serverErr != nil || clientErr != nil || state.DidResume != resumed || len(state.PeerCertificates) == 0 {
				t.Fatalf("server: %v, client: %v, resumed: %v", serverErr, clientErr, state.DidResume)
			}
		}
		must3(must(testcert.NewAuthority("clients")).Write(s.dir, "clients"))
		clock.Advance(time.Second)
		_, _, serverErr, clientErr := shake(t, server, client)
		if serverErr == nil || clientErr == nil {
			t.Errorf("%s: the client is still accepted", tls.VersionName(version))
		}
		if text := log.take(); strings.Contains(text, "ERROR") {
			t.Errorf("logged %q", text)
		}
	}
}

// TestClientCertificateExpires checks that the client's certificate is verified again when a
// session is resumed.
func TestClientCertificateExpires(t *testing.T) {
	s := newSite(t)
	clock := testclock.New(time.Now())
	server, err := tlsconfig.Server(tlsconfig.ServerOptions{CertFile: s.cert, KeyFile: s.key, ClientCAFile: s.ca, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	client := showing(t, s, must(s.authority.Issue(testcert.Spec{NotAfter: clock.Now().Add(time.Hour)})))
	client.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	if _, _, serverErr, clientErr := shake(t, server, client); serverErr != nil || clientErr != nil {
		t.Fatalf("server: %v, client: %v", serverErr, clientErr)
	}
	clock.Advance(2 * time.Hour)
	if _, _, serverErr, clientErr := shake(t, server, client); serverErr == nil || clientErr == nil {
		t.Error("an expired certificate is accepted")
	}
}

func TestVersions(t *testing.T) {
	s := newSite(t)
	for _, test := range []struct {
		least, client uint16
		want          bool
	}{
		{0, tls.VersionTLS13, true},
		{0, tls.VersionTLS12, false},
		{0, tls.VersionTLS11, false},
		{tls.VersionTLS13, tls.VersionTLS12, false},
		{tls.VersionTLS12, tls.VersionTLS12, true},
		{tls.VersionTLS12, tls.VersionTLS11, false},
		{tls.VersionTLS12, tls.VersionTLS10, false},
	} {
		server, err := tlsconfig.Server(tlsconfig.ServerOptions{CertFile: s.cert, KeyFile: s.key, MinVersion: test.least})
		if err != nil {
			t.Fatal(err)
		}
		client := &tls.Config{InsecureSkipVerify: true, MinVersion: test.client, MaxVersion: test.client, NextProtos: []string{"h2"}}
		_, state, serverErr, clientErr := shake(t, server, client)
		if ok := serverErr == nil && clientErr == nil; ok != test.want {
			t.Errorf("%s of at least %s: server: %v, client: %v", tls.VersionName(test.client), tls.VersionName(test.least), serverErr, clientErr)
		} else if ok && (state.Version != test.client || state.NegotiatedProtocol != "h2") {
			t.Errorf("%s, %q", tls.VersionName(state.Version), state.NegotiatedProtocol)
		}
	}
	for _, version := range []uint16{tls.VersionTLS11, tls.VersionTLS10, 1} {
		if _, err := tlsconfig.Server(tlsconfig.ServerOptions{CertFile: s.cert, KeyFile: s.key, MinVersion: version}); err == nil {
			t.Errorf("a server with %s", tls.VersionName(version))
		}
		if _, err := tlsconfig.Client("127.0.0.1:1", tlsconfig.ClientOptions{MinVersion: version}); err == nil {
			t.Errorf("a client with %s", tls.VersionName(version))
		}
	}
}

func TestServerFails(t *testing.T) {
	s := newSite(t)
	write := func(name, content string) string {
		name = filepath.Join(s.dir, name)
		must[error](nil, os.WriteFile(name, []byte(content), 0o600))
		return name
	}
	halfBundle := write("half", string(s.authority.CertificatePEM())+"-----BEGIN CERTIFICATE-----\nTm8=\n-----END CERTIFICATE-----\n")
	for _, test := range []struct {
		options tlsconfig.ServerOptions
		want    string
	}{
		{tlsconfig.ServerOptions{}, "needs a certificate"},
		{tlsconfig.ServerOptions{CertFile: s.cert}, "needs a certificate"},
		{tlsconfig.ServerOptions{CertFile: s.cert, KeyFile: s.key, SelfSigned: &tlsconfig.SelfSigned{Dir: s.dir}}, "either"},
		{tlsconfig.ServerOptions{CertFile: "none", KeyFile: s.key}, "none"},
		{tlsconfig.ServerOptions{CertFile: s.cert, KeyFile: s.cert}, s.cert},
		{tlsconfig.ServerOptions{CertFile: s.cert, KeyFile: s.key, ClientCAFile: "none"}, "none"},
		{tlsconfig.ServerOptions{CertFile: s.cert, KeyFile: s.key, ClientCAFile: s.key}, "no certificate"},
		{tlsconfig.ServerOptions{CertFile: s.cert, KeyFile: s.key, ClientCAFile: halfBundle}, "certificate 2"},
	} {
		if _, err := tlsconfig.Server(test.options); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v, want %q", test.options, err, test.want)
		}
	}
}

// TestServerExpired checks that a server uses an expired certificate, because clients may
// know its key.
func TestServerExpired(t *testing.T) {
	s := newSite(t)
	log := &journal{}
	cert, key, _ := must3(must(s.authority.Issue(testcert.Spec{NotAfter: time.Now().Add(-time.Minute)})).Write(s.dir, "expired"))
	server, err := tlsconfig.Server(tlsconfig.ServerOptions{CertFile: cert, KeyFile: key, Logger: log.logger()})
	if err != nil {
		t.Fatal(err)
	}
	if text := log.take(); !strings.Contains(text, "level=WARN") {
		t.Errorf("logged %q", text)
	}
	served(t, server)
}

// shown returns the certificate that a server sends.
func shown(t *testing.T, server *tls.Config) *x509.Certificate {
	t.Helper()
	_, state, serverErr, err := shake(t, server, &tls.Config{InsecureSkipVerify: true})
	if err != nil || serverErr != nil {
		t.Fatalf("client: %v, server: %v", err, serverErr)
	}
	return state.PeerCertificates[0]
}
