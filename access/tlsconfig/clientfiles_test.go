package tlsconfig_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tranship/tranship/access/tlsconfig"
	"github.com/tranship/tranship/internal/testing/testcert"
)

// TestClientCertificateRenewed checks that a client sends the certificate that its files have
// at the handshake, and the last valid one while they cannot be used.
func TestClientCertificateRenewed(t *testing.T) {
	s := newSite(t)
	dir := t.TempDir()
	issue := func(name string) testcert.Pair { return must(s.authority.Issue(testcert.Spec{Subject: name})) }
	cert, key, _ := must3(issue("first").Write(dir, "client"))
	var stale []string
	client := must(tlsconfig.Client("127.0.0.1:1", tlsconfig.ClientOptions{
		CAFile: s.ca, CertFile: cert, KeyFile: key, Stale: func(err error) { stale = append(stale, err.Error()) },
	}))
	server := must(tlsconfig.Server(tlsconfig.ServerOptions{CertFile: s.cert, KeyFile: s.key, ClientCAFile: s.ca}))
	second := issue("second")
	for _, step := range []struct {
		name   string
		change func() error
		want   string
		stale  string
	}{
		{"at first", func() error { return nil }, "first", ""},
		{"the certificate is new and the key is not", func() error { return os.WriteFile(cert, second.CertificatePEM(), 0o600) }, "first", "private key does not match"},
		{"both are", func() error { return os.WriteFile(key, must(second.KeyPEM()), 0o600) }, "second", ""},
		{"empty", func() error { return os.Truncate(key, 0) }, "second", "key"},
		{"half a certificate", func() error { return os.Truncate(cert, 100) }, "second", "certificate"},
		{"missing", func() error { return os.Remove(cert) }, "second", "no such file"},
		{"back", func() error { _, _, err := issue("third").Write(dir, "client"); return err }, "third", ""},
	} {
		if err := step.change(); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			state, _, serverErr, clientErr := shake(t, server, client)
			if serverErr != nil || clientErr != nil {
				t.Fatalf("%s: server: %v, client: %v", step.name, serverErr, clientErr)
			}
			if got := state.PeerCertificates[0].Subject.CommonName; got != step.want {
				t.Errorf("%s: the client is %s", step.name, got)
			}
		}
		if step.stale == "" && len(stale) > 0 || step.stale != "" && (len(stale) != 1 || !strings.Contains(stale[0], step.stale)) {
			t.Errorf("%s: told %q", step.name, stale)
		}
		stale = nil
	}
}

// TestClientAuthoritiesRenewed checks that an authority that was removed from the file is no
// longer trusted.
func TestClientAuthoritiesRenewed(t *testing.T) {
	s, other := newSite(t), newSite(t)
	file := filepath.Join(t.TempDir(), "authorities.pem")
	write := func(content []byte) {
		t.Helper()
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(s.authority.CertificatePEM())
	stale := 0
	client := must(tlsconfig.Client("127.0.0.1:1", tlsconfig.ClientOptions{CAFile: file, Stale: func(error) { stale++ }}))
	trusts := func(what string, s site, want bool) {
		t.Helper()
		server := must(tlsconfig.Server(tlsconfig.ServerOptions{CertFile: s.cert, KeyFile: s.key}))
		if _, _, _, err := shake(t, server, client); (err == nil) != want {
			t.Errorf("%s: %v", what, err)
		}
	}
	trusts("its own", s, true)
	trusts("another", other, false)
	write(s.authority.CertificatePEM()[:100])
	trusts("with half a file", s, true)
	write(other.authority.CertificatePEM())
	trusts("the new one", other, true)
	trusts("the old one", s, false)
	if stale != 1 {
		t.Errorf("told %d times", stale)
	}
}

// TestClientFilesOfPipes reads the certificate, its key and the authorities from pipes, which
// can be read only once.
func TestClientFilesOfPipes(t *testing.T) {
	s := newSite(t)
	alice := must(s.authority.Issue(testcert.Spec{Subject: "alice"}))
	var names []string
	for _, content := range [][]byte{s.authority.CertificatePEM(), alice.CertificatePEM(), must(alice.KeyPEM())} {
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close()
		name := filepath.Join("/dev/fd", strconv.Itoa(int(reader.Fd())))
		if _, err := os.Stat(name); err != nil {
			t.Skip("there is no /dev/fd")
		}
		names = append(names, name)
		if _, err := writer.Write(content); err != nil {
			t.Fatal(err)
		}
		if err := writer.Close(); err != nil {
			t.Fatal(err)
		}
	}
	client := must(tlsconfig.Client("127.0.0.1:1", tlsconfig.ClientOptions{
		CAFile: names[0], CertFile: names[1], KeyFile: names[2], Stale: func(err error) { t.Error(err) },
	}))
	server := must(tlsconfig.Server(tlsconfig.ServerOptions{CertFile: s.cert, KeyFile: s.key, ClientCAFile: s.ca}))
	for range 2 {
		if _, _, serverErr, clientErr := shake(t, server, client); serverErr != nil || clientErr != nil {
			t.Errorf("server: %v, client: %v", serverErr, clientErr)
		}
	}
}
