package tlsconfig_test

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tranship/tranship/access/tlsconfig"
	"github.com/tranship/tranship/internal/testing/testcert"
	"github.com/tranship/tranship/internal/testing/testclock"
)

// served returns the serial number of the certificate that a server sends.
func served(t *testing.T, server *tls.Config) string {
	t.Helper()
	return shown(t, server).SerialNumber.String()
}

func TestReload(t *testing.T) {
	s := newSite(t)
	clock, log := testclock.New(time.Now()), &journal{}
	server, err := tlsconfig.Server(tlsconfig.ServerOptions{CertFile: s.cert, KeyFile: s.key, Logger: log.logger(), Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	first := s.pair.Certificate.SerialNumber.String()
	if text := log.take(); !strings.Contains(text, tlsconfig.FingerprintOf(s.pair.Certificate).String()) {
		t.Errorf("logged %q", text)
	}
	before := runtime.NumGoroutine()

	renewed := must(s.authority.Issue(testcert.Spec{Hosts: []string{"127.0.0.1"}}))
	must3(renewed.Write(s.dir, "server"))
	if got := served(t, server); got != first {
		t.Error("the files are read more than once a second")
	}
	clock.Advance(time.Second)
	if got := served(t, server); got != renewed.Certificate.SerialNumber.String() {
		t.Error("a renewed certificate is not noticed")
	}
	if text := log.take(); !strings.Contains(text, "level=INFO") || strings.Count(text, "\n") != 1 {
		t.Errorf("logged %q", text)
	}

	// While files cannot be used, the last valid ones stay in use, and the error is logged once.
	other := must(testcert.NewAuthority("other"))
	for name, damage := range map[string]func() error{
		"key of another":  func() error { return os.WriteFile(s.key, must(other.KeyPEM()), 0o600) },
		"half a file":     func() error { return os.WriteFile(s.cert, renewed.CertificatePEM()[:200], 0o600) },
		"empty":           func() error { return os.Truncate(s.cert, 0) },
		"no file":         func() error { return os.Remove(s.key) },
		"not PEM":         func() error { return os.WriteFile(s.key, []byte("key"), 0o600) },
		"a directory":     func() error { return replaceByDirectory(s.cert) },
		"a dangling link": func() error { return replaceByLink(s.cert, "nowhere") },
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			clock.Advance(time.Second)
			if got := served(t, server); got != renewed.Certificate.SerialNumber.String() {
				t.Errorf("%s: the last valid certificate is not in use", name)
			}
		}
		if text := log.take(); !strings.Contains(text, "level=ERROR") || strings.Count(text, "\n") != 1 {
			t.Errorf("%s: logged %q", name, text)
		}
		_ = os.RemoveAll(s.cert)
		renewed = must(s.authority.Issue(testcert.Spec{Hosts: []string{"127.0.0.1"}}))
		must3(renewed.Write(s.dir, "server"))
		clock.Advance(time.Second)
		if got := served(t, server); got != renewed.Certificate.SerialNumber.String() {
			t.Errorf("%s: a valid pair afterwards is not noticed", name)
		}
		log.take()
	}

	// The files are checked even after the clock was set back.
	clock.Advance(-time.Hour)
	must3(s.pair.Write(s.dir, "server"))
	if got := served(t, server); got != first {
		t.Error("not noticed after the clock was set back")
	}
	// The goroutines of the last handshake may still be ending.
	for begun := time.Now(); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Since(begun) > 10*time.Second {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

func replaceByDirectory(name string) error {
	if err := os.Remove(name); err != nil {
		return err
	}
	return os.Mkdir(name, 0o700)
}

func replaceByLink(name, target string) error {
	if err := os.Remove(name); err != nil {
		return err
	}
	return os.Symlink(target, name)
}

// TestReloadSwappedLink swaps a link to a directory, as Kubernetes does for secrets.
func TestReloadSwappedLink(t *testing.T) {
	s := newSite(t)
	mount := t.TempDir()
	publish := func(name string, pair testcert.Pair) {
		dir := filepath.Join(mount, name)
		must[error](nil, os.Mkdir(dir, 0o700))
		must3(pair.Write(dir, "tls"))
		must[error](nil, os.Symlink(name, filepath.Join(mount, "new")))
		must[error](nil, os.Rename(filepath.Join(mount, "new"), filepath.Join(mount, "data")))
	}
	publish("1", s.pair)
	for _, name := range []string{"tls.pem", "tls.key"} {
		must[error](nil, os.Symlink("data/"+name, filepath.Join(mount, name)))
	}
	clock := testclock.New(time.Now())
	server, err := tlsconfig.Server(tlsconfig.ServerOptions{
		CertFile: filepath.Join(mount, "tls.pem"), KeyFile: filepath.Join(mount, "tls.key"), Now: clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"2", "3"} {
		pair := must(s.authority.Issue(testcert.Spec{Hosts: []string{"127.0.0.1"}}))
		publish(name, pair)
		clock.Advance(time.Second)
		if got := served(t, server); got != pair.Certificate.SerialNumber.String() {
			t.Errorf("%s is not noticed", name)
		}
	}
}

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

func TestSelfSigned(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "tls")
	clock := testclock.New(time.Now())
	start := func(names ...string) *x509.Certificate {
		t.Helper()
		server, err := tlsconfig.Server(tlsconfig.ServerOptions{SelfSigned: &tlsconfig.SelfSigned{Dir: dir, Names: names}, Now: clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		return shown(t, server)
	}
	first := start("127.0.0.1", "localhost")
	for name, want := range map[string]os.FileMode{".": 0o700, "key.pem": 0o600} {
		info := must(os.Stat(filepath.Join(dir, name)))
		if got := info.Mode().Perm(); got != want && runtime.GOOS != "windows" {
			t.Errorf("%s has mode %v", name, got)
		}
	}
	if entries := must(os.ReadDir(dir)); len(entries) != 2 {
		t.Errorf("%d files", len(entries))
	}
	if again := start("127.0.0.1", "localhost"); !again.Equal(first) {
		t.Error("another certificate after a restart")
	}
	if fewer := start("localhost"); !fewer.Equal(first) {
		t.Error("another certificate for fewer names")
	}
	other := start("127.0.0.1", "localhost", "files.example")
	if other.Equal(first) || tlsconfig.FingerprintOf(other) != tlsconfig.FingerprintOf(first) {
		t.Error("other names do not result in another certificate with the same key")
	}
	if err := other.VerifyHostname("files.example"); err != nil {
		t.Error(err)
	}
	// Clients may trust it as an authority, but it cannot sign other certificates.
	if other.IsCA {
		t.Error("the certificate is one of an authority")
	}
	clock.Advance(10 * 365 * 24 * time.Hour)
	renewed := start("127.0.0.1", "localhost")
	if renewed.Equal(other) || tlsconfig.FingerprintOf(renewed) != tlsconfig.FingerprintOf(first) || clock.Now().After(renewed.NotAfter) {
		t.Error("expiry does not result in another certificate with the same key")
	}
	// A certificate that is lost or damaged is made again; a damaged key is not.
	must[error](nil, os.WriteFile(filepath.Join(dir, "certificate.pem"), nil, 0o600))
	if repaired := start(); tlsconfig.FingerprintOf(repaired) != tlsconfig.FingerprintOf(first) {
		t.Error("another key")
	}
	must[error](nil, os.WriteFile(filepath.Join(dir, "key.pem"), nil, 0o600))
	_, err := tlsconfig.Server(tlsconfig.ServerOptions{SelfSigned: &tlsconfig.SelfSigned{Dir: dir}})
	if err == nil || !strings.Contains(err.Error(), "remove key.pem") {
		t.Errorf("error %v", err)
	}
}

// TestSelfSignedRunsOn checks that a running server renews the certificate.
func TestSelfSignedRunsOn(t *testing.T) {
	clock := testclock.New(time.Now())
	server, err := tlsconfig.Server(tlsconfig.ServerOptions{SelfSigned: &tlsconfig.SelfSigned{Dir: t.TempDir()}, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	first := shown(t, server)
	clock.Advance(first.NotAfter.Sub(clock.Now()) - 29*24*time.Hour)
	if second := shown(t, server); second.Equal(first) || tlsconfig.FingerprintOf(second) != tlsconfig.FingerprintOf(first) {
		t.Error("not renewed with the same key")
	}
}

// TestSelfSignedDirectoryReplaced replaces the directory of a running server by another one,
// as users can who may write to the directory above.
func TestSelfSignedDirectoryReplaced(t *testing.T) {
	above := t.TempDir()
	dir, moved := filepath.Join(above, "tls"), filepath.Join(above, "moved")
	clock := testclock.New(time.Now())
	var log journal
	server, err := tlsconfig.Server(tlsconfig.ServerOptions{SelfSigned: &tlsconfig.SelfSigned{Dir: dir}, Now: clock.Now, Logger: log.logger()})
	if err != nil {
		t.Fatal(err)
	}
	first := shown(t, server)
	log.take()
	same := func(when, logged string) {
		t.Helper()
		clock.Advance(time.Minute)
		if now := shown(t, server); !now.Equal(first) {
			t.Errorf("%s: the server sends another certificate", when)
		}
		if text := log.take(); !strings.Contains(text, logged) {
			t.Errorf("%s: logged is %q, not %q", when, text, logged)
		}
	}
	must[error](nil, os.Rename(dir, moved))
	same("after it was renamed", "cannot be used")
	if _, err := os.Stat(dir); err == nil {
		t.Error("the server made the directory again")
	}
	if _, err := tlsconfig.Server(tlsconfig.ServerOptions{SelfSigned: &tlsconfig.SelfSigned{Dir: dir}}); err != nil {
		t.Fatal(err)
	}
	same("with another key in its place", "not the directory that it was")
	must[error](nil, os.RemoveAll(dir))
	must[error](nil, os.Rename(moved, dir))
	same("after it was put back", "")
}

// TestSelfSignedTogether checks that servers that start at the same time with the same
// directory have the same key.
func TestSelfSignedTogether(t *testing.T) {
	dir := t.TempDir()
	servers := make(chan *tls.Config)
	for range 8 {
		go func() {
			servers <- must(tlsconfig.Server(tlsconfig.ServerOptions{SelfSigned: &tlsconfig.SelfSigned{Dir: dir}}))
		}()
	}
	keys := map[tlsconfig.Fingerprint]bool{}
	for range 8 {
		keys[tlsconfig.FingerprintOf(shown(t, <-servers))] = true
	}
	if len(keys) != 1 {
		t.Errorf("%d keys", len(keys))
	}
	if entries := must(os.ReadDir(dir)); len(entries) != 2 {
		t.Errorf("%d files", len(entries))
	}
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

// TestReloadTogether checks that clients that connect while files change see either the old
// or the new pair.
func TestReloadTogether(t *testing.T) {
	s := newSite(t)
	clock := testclock.New(time.Now())
	server, err := tlsconfig.Server(tlsconfig.ServerOptions{CertFile: s.cert, KeyFile: s.key, ClientCAFile: s.ca, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	pairs := []testcert.Pair{s.pair, must(s.authority.Issue(testcert.Spec{})), must(s.authority.Issue(testcert.Spec{}))}
	stop := make(chan struct{})
	var connecting sync.WaitGroup
	for range 4 {
		connecting.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				config, err := server.GetConfigForClient(nil)
				if err != nil {
					t.Error(err)
					return
				}
				pair := config.Certificates[0]
				if key := pair.PrivateKey.(*ecdsa.PrivateKey); !key.PublicKey.Equal(pair.Leaf.PublicKey) || config.ClientCAs == nil {
					t.Error("the key belongs to another certificate")
					return
				}
			}
		})
	}
	for i := range 50 {
		must3(pairs[i%len(pairs)].Write(s.dir, "server"))
		clock.Advance(time.Second)
	}
	close(stop)
	connecting.Wait()
	clock.Advance(time.Second)
	last := must(server.GetConfigForClient(nil))
	if want := pairs[49%len(pairs)].Certificate; !last.Certificates[0].Leaf.Equal(want) {
		t.Error("the last pair is not in use")
	}
}
