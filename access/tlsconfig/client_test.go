package tlsconfig_test

import (
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/tlsconfig"
	"github.com/tranship/tranship/internal/testing/testcert"
	"github.com/tranship/tranship/internal/testing/testclock"
)

const address = "files.example:50051"

// serverOf returns the configuration of a server with a certificate and its key.
func serverOf(pair testcert.Pair) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{pair.Certificate.Raw}, PrivateKey: pair.Key}}}
}

// visit connects to a server with a certificate and its key, as the server at address.
func visit(t *testing.T, pair testcert.Pair, options tlsconfig.ClientOptions) error {
	t.Helper()
	config, err := tlsconfig.Client(address, options)
	if err != nil {
		t.Fatal(err)
	}
	_, _, _, err = shake(t, serverOf(pair), config)
	return err
}

// refused checks that a handshake failed because the client does not trust the server.
func refused(t *testing.T, err error, words ...string) {
	t.Helper()
	if !errors.Is(err, tranship.ErrUnauthenticated) {
		t.Errorf("error %v", err)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%v does not contain %q", err, word)
		}
	}
}

func TestClientTrustsAuthorities(t *testing.T) {
	s := newSite(t)
	good := must(s.authority.Issue(testcert.Spec{Hosts: []string{"files.example"}}))
	known := filepath.Join(t.TempDir(), "known_hosts")
	// The key of a server whose certificate an authority has signed is not recorded.
	if err := visit(t, good, tlsconfig.ClientOptions{CAFile: s.ca, KnownHostsFile: known, TrustOnFirstUse: true}); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(known); err == nil {
		t.Error("a file of known hosts was made")
	}
	err := visit(t, good, tlsconfig.ClientOptions{})
	refused(t, err, "is not known", "no authority", tlsconfig.FingerprintOf(good.Certificate).String())
	if unknown, ok := errors.AsType[*tlsconfig.UnknownServerError](err); !ok ||
		unknown.Address != address || unknown.Fingerprint != tlsconfig.FingerprintOf(good.Certificate) {
		t.Errorf("error %+v", err)
	}
	// A certificate that an authority has signed for another purpose is not trusted on
	// first use.
	for _, tofu := range []bool{false, true} {
		options := tlsconfig.ClientOptions{CAFile: s.ca, KnownHostsFile: known, TrustOnFirstUse: tofu}
		refused(t, visit(t, must(s.authority.Issue(testcert.Spec{Hosts: []string{"other.example"}})), options), "valid for other.example, not files.example")
		refused(t, visit(t, must(s.authority.Issue(testcert.Spec{})), options), "name")
		refused(t, visit(t, must(s.authority.Issue(testcert.Spec{
			Hosts: []string{"files.example"}, NotAfter: time.Now().Add(-time.Minute),
		})), options), "expired", "renewed")
		late := testclock.New(time.Now())
		late.Advance(-48 * time.Hour)
		options.Now = late.Now
		refused(t, visit(t, good, options), "not yet valid", "clock")
	}
	if _, err := os.Stat(known); err == nil {
		t.Error("a file of known hosts was made")
	}
}

func TestClientFingerprint(t *testing.T) {
	s := newSite(t)
	// Name, time and signature of the certificate do not matter.
	pair := must(testcert.SelfSigned(testcert.Spec{NotAfter: time.Now().Add(-time.Minute)}))
	fingerprint := tlsconfig.FingerprintOf(pair.Certificate)
	other := tlsconfig.FingerprintOf(s.pair.Certificate)
	for _, expected := range [][]tlsconfig.Fingerprint{{fingerprint}, {other, fingerprint}} {
		if err := visit(t, pair, tlsconfig.ClientOptions{Fingerprints: expected}); err != nil {
			t.Error(err)
		}
	}
	refused(t, visit(t, pair, tlsconfig.ClientOptions{Fingerprints: []tlsconfig.Fingerprint{other}}), fingerprint.String(), other.String())
	// The signature of an authority does not help either.
	good := must(s.authority.Issue(testcert.Spec{Hosts: []string{"files.example"}}))
	refused(t, visit(t, good, tlsconfig.ClientOptions{CAFile: s.ca, Fingerprints: []tlsconfig.Fingerprint{other}}))
	// The fingerprint alone is not enough: the server must have the key.
	thief := testcert.Pair{Certificate: pair.Certificate, Key: s.pair.Key}
	if err := visit(t, thief, tlsconfig.ClientOptions{Fingerprints: []tlsconfig.Fingerprint{fingerprint}}); err == nil {
		t.Error("a server without the key is trusted")
	}
}

func TestClientTrustOnFirstUse(t *testing.T) {
	s := newSite(t)
	known := filepath.Join(t.TempDir(), "tranship", "known_hosts")
	var trusted []tlsconfig.KnownHost
	options := tlsconfig.ClientOptions{
		KnownHostsFile: known, TrustOnFirstUse: true,
		Trusted: func(host tlsconfig.KnownHost) { trusted = append(trusted, host) },
	}
	first := must(testcert.SelfSigned(testcert.Spec{}))
	fingerprint := tlsconfig.FingerprintOf(first.Certificate)
	for range 2 {
		if err := visit(t, first, options); err != nil {
			t.Fatal(err)
		}
	}
	want := tlsconfig.KnownHost{Address: address, Fingerprint: fingerprint, File: known, Line: 1}
	if len(trusted) != 1 || trusted[0] != want {
		t.Errorf("Trusted was called with %+v, want %+v", trusted, want)
	}
	if content := string(must(os.ReadFile(known))); content != address+" "+fingerprint.String()+"\n" {
		t.Errorf("%q", content)
	}
	if mode := must(os.Stat(known)).Mode().Perm(); mode&0o077 != 0 {
		t.Errorf("mode %v", mode)
	}
	options.TrustOnFirstUse = false
	if err := visit(t, first, options); err != nil {
		t.Errorf("a known server: %v", err)
	}
	// Another key is refused, even if an authority has signed its certificate.
	second := must(s.authority.Issue(testcert.Spec{Hosts: []string{"files.example"}}))
	options.CAFile = s.ca
	for _, tofu := range []bool{false, true} {
		options.TrustOnFirstUse = tofu
		err := visit(t, second, options)
		refused(t, err, "HAS CHANGED", fingerprint.String(), tlsconfig.FingerprintOf(second.Certificate).String(), known+":1")
		if changed, ok := errors.AsType[*tlsconfig.ChangedKeyError](err); !ok || len(changed.Known) != 1 || changed.Known[0] != want {
			t.Errorf("error %+v", err)
		}
	}
	if err := visit(t, second, tlsconfig.ClientOptions{Fingerprints: []tlsconfig.Fingerprint{tlsconfig.FingerprintOf(second.Certificate)}, KnownHostsFile: known}); err != nil {
		t.Errorf("Fingerprints do not override the known hosts: %v", err)
	}
	// A renewed certificate of the same key is trusted, and so is a second key that a user
	// adds.
	file := must(os.OpenFile(known, os.O_APPEND|os.O_WRONLY, 0))
	must(file.WriteString("# moved\nFILES.example:50051 " + tlsconfig.FingerprintOf(second.Certificate).String() + " since May"))
	file.Close()
	options.CAFile = ""
	for _, pair := range []testcert.Pair{first, second} {
		if err := visit(t, pair, options); err != nil {
			t.Error(err)
		}
	}
	// The next entry has a line of its own, although the last line has no newline.
	config := must(tlsconfig.Client("[::1]:7", options))
	if _, _, _, err := shake(t, serverOf(first), config); err != nil {
		t.Error(err)
	}
	if got := trusted[len(trusted)-1]; got.Line != 4 || got.Address != "[::1]:7" {
		t.Errorf("%+v", got)
	}
	if content := string(must(os.ReadFile(known))); !strings.HasSuffix(content, "since May\n[::1]:7 "+fingerprint.String()+"\n") {
		t.Errorf("%q", content)
	}
}

// Several clients that see a server for the first time, concurrently and with different
// keys, all know it by the first of these keys afterwards.
func TestClientTrustOnFirstUseTogether(t *testing.T) {
	known := filepath.Join(t.TempDir(), "known_hosts")
	errs := make(chan error)
	for range 16 {
		go func() {
			pair, err := testcert.SelfSigned(testcert.Spec{})
			if err == nil {
				err = visit(t, pair, tlsconfig.ClientOptions{KnownHostsFile: known, TrustOnFirstUse: true})
			}
			errs <- err
		}()
	}
	trusted := 0
	for range 16 {
		if err := <-errs; err == nil {
			trusted++
		} else if _, changed := errors.AsType[*tlsconfig.ChangedKeyError](err); !changed {
			t.Error(err)
		}
	}
	if trusted != 1 || strings.Count(string(must(os.ReadFile(known))), "\n") != 1 {
		t.Errorf("%d were trusted: %q", trusted, must(os.ReadFile(known)))
	}
}

// A server is not trusted if the file of known hosts cannot be read or written.
func TestClientKnownHostsFails(t *testing.T) {
	pair := must(testcert.SelfSigned(testcert.Spec{}))
	known := filepath.Join(t.TempDir(), "known_hosts")
	options := tlsconfig.ClientOptions{KnownHostsFile: known, TrustOnFirstUse: true}
	for _, content := range []string{
		"files.example sha256:" + strings.Repeat("0", 64),
		address,
		address + " sha1:" + strings.Repeat("0", 40),
		address + " sha256:" + strings.Repeat("0", 63),
		address + " sha256:" + strings.Repeat("g", 64),
		":50051 sha256:" + strings.Repeat("0", 64),
	} {
		must[error](nil, os.WriteFile(known, []byte("\n# comment\n"+content+"\n"), 0o600))
		refused(t, visit(t, pair, options), known+":3", "correct or remove")
	}
	options.KnownHostsFile = t.TempDir()
	refused(t, visit(t, pair, options), options.KnownHostsFile)
	options.KnownHostsFile = filepath.Join(known, "below-a-file")
	refused(t, visit(t, pair, options), known)
	if _, err := tlsconfig.Client(address, tlsconfig.ClientOptions{TrustOnFirstUse: true}); err == nil {
		t.Error("trust on first use without a file of known hosts is valid")
	}
}

func TestClientFails(t *testing.T) {
	s := newSite(t)
	for _, test := range []struct {
		address string
		options tlsconfig.ClientOptions
		want    string
	}{
		{"files.example", tlsconfig.ClientOptions{}, "host:port"},
		{":1", tlsconfig.ClientOptions{}, "host:port"},
		{address, tlsconfig.ClientOptions{CAFile: "none"}, "none"},
		{address, tlsconfig.ClientOptions{CAFile: s.key}, s.key},
		{address, tlsconfig.ClientOptions{CertFile: s.cert}, s.cert},
		{address, tlsconfig.ClientOptions{CertFile: s.ca, KeyFile: s.key}, s.ca},
	} {
		if _, err := tlsconfig.Client(test.address, test.options); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s, %+v: %v, want %q", test.address, test.options, err, test.want)
		}
	}
}

// TestClientVersions checks that a client refuses older versions of TLS than it allows.
func TestClientVersions(t *testing.T) {
	pair := must(testcert.SelfSigned(testcert.Spec{}))
	for _, test := range []struct {
		least, server uint16
		want          bool
	}{
		{0, tls.VersionTLS12, false},
		{tls.VersionTLS12, tls.VersionTLS12, true},
		{tls.VersionTLS12, tls.VersionTLS11, false},
	} {
		config := must(tlsconfig.Client(address, tlsconfig.ClientOptions{
			MinVersion: test.least, Fingerprints: []tlsconfig.Fingerprint{tlsconfig.FingerprintOf(pair.Certificate)},
		}))
		server := serverOf(pair)
		server.MinVersion, server.MaxVersion = tls.VersionTLS10, test.server
		if _, _, _, err := shake(t, server, config); (err == nil) != test.want {
			t.Errorf("%s of at least %s: %v", tls.VersionName(test.server), tls.VersionName(test.least), err)
		}
	}
}

// TestIntermediates checks that both ends send the intermediates of their certificates.
func TestIntermediates(t *testing.T) {
	s := newSite(t)
	intermediate := must(s.authority.Issue(testcert.Spec{Subject: "intermediate", Authority: true}))
	files := func(name string) (cert, key string) {
		cert, key, _ = must3(must(intermediate.Issue(testcert.Spec{Subject: name, Hosts: []string{"127.0.0.1"}})).Write(s.dir, name))
		leaf := must(os.ReadFile(cert))
		must[error](nil, os.WriteFile(cert, append(leaf, intermediate.CertificatePEM()...), 0o600))
		return cert, key
	}
	serverOptions := tlsconfig.ServerOptions{ClientCAFile: s.ca}
	serverOptions.CertFile, serverOptions.KeyFile = files("server")
	options := tlsconfig.ClientOptions{CAFile: s.ca}
	options.CertFile, options.KeyFile = files("client")
	server, client := must(tlsconfig.Server(serverOptions)), must(tlsconfig.Client("127.0.0.1:1", options))
	if _, _, serverErr, clientErr := shake(t, server, client); serverErr != nil || clientErr != nil {
		t.Errorf("server: %v, client: %v", serverErr, clientErr)
	}
	other := must(tlsconfig.Client("localhost:1", options))
	_, _, _, clientErr := shake(t, server, other)
	refused(t, clientErr, "is not trusted", "localhost")
}

// TestClientCertificateOfAnotherUse checks that a certificate that an authority has signed
// for another use is not trusted, not even on first use.
func TestClientCertificateOfAnotherUse(t *testing.T) {
	s := newSite(t)
	pair := must(s.authority.Issue(testcert.Spec{Hosts: []string{"files.example"}, ClientOnly: true}))
	known := filepath.Join(t.TempDir(), "known_hosts")
	err := visit(t, pair, tlsconfig.ClientOptions{CAFile: s.ca, KnownHostsFile: known, TrustOnFirstUse: true})
	refused(t, err, "is not trusted", "usage")
}

func TestParseVersion(t *testing.T) {
	for text, want := range map[string]uint16{"1.3": tls.VersionTLS13, "1.2": tls.VersionTLS12, "1.1": 0, "1.0": 0, "": 0, "13": 0} {
		if got, err := tlsconfig.ParseVersion(text); got != want || (err == nil) != (want != 0) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}
