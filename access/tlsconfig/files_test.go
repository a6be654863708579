package tlsconfig_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship/access/tlsconfig"
	"github.com/tranship/tranship/internal/testing/testcert"
	"github.com/tranship/tranship/internal/testing/testclock"
)

// TestVerifyClient checks that the certificate of an open connection is verified against the
// current authorities.
func TestVerifyClient(t *testing.T) {
	s := newSite(t)
	authority, other := must(testcert.NewAuthority("clients")), must(testcert.NewAuthority("other"))
	file, _, _ := must3(authority.Write(s.dir, "clients"))
	clock, log := testclock.New(time.Now()), &journal{}
	files, err := tlsconfig.OpenFiles(tlsconfig.ServerOptions{CertFile: s.cert, KeyFile: s.key, ClientCAFile: file, Now: clock.Now, Logger: log.logger()})
	if err != nil {
		t.Fatal(err)
	}
	state, _, serverErr, clientErr := shake(t, files.Config(), showing(t, s, must(authority.Issue(testcert.Spec{Subject: "alice", ClientOnly: true}))))
	if serverErr != nil || clientErr != nil {
		t.Fatal(serverErr, clientErr)
	}
	write := func(content ...[]byte) {
		t.Helper()
		var all []byte
		for _, part := range content {
			all = append(all, part...)
		}
		if err := os.WriteFile(file, all, 0o600); err != nil {
			t.Fatal(err)
		}
		clock.Advance(time.Second)
	}
	for _, step := range []struct {
		name  string
		files [][]byte
		want  bool
	}{
		{"at first", [][]byte{authority.CertificatePEM()}, true},
		{"one more", [][]byte{authority.CertificatePEM(), other.CertificatePEM()}, true},
		{"taken out", [][]byte{other.CertificatePEM()}, false},
		{"half written", [][]byte{authority.CertificatePEM()[:100]}, false},
		{"back", [][]byte{authority.CertificatePEM()}, true},
	} {
		write(step.files...)
		chains, err := files.VerifyClient(&state)
		if (err == nil && len(chains) > 0) != step.want {
			t.Errorf("%s: %d chains, %v", step.name, len(chains), err)
		}
	}
	// Another certificate of the same authority has the same effect as the old one.
	renewed := must(testcert.SelfSigned(testcert.Spec{Subject: "clients", Authority: true}))
	write(renewed.CertificatePEM())
	if _, err := files.VerifyClient(&state); err == nil {
		t.Error("an authority of the same name, with another key, is accepted")
	}
	// The chain to the current authority is built again.
	intermediate := must(authority.Issue(testcert.Spec{Subject: "intermediate", Authority: true}))
	write(intermediate.CertificatePEM())
	leaf := must(intermediate.Issue(testcert.Spec{Subject: "alice"}))
	cert, key, _ := must3(leaf.Write(t.TempDir(), "client"))
	if err := os.WriteFile(cert, append(leaf.CertificatePEM(), intermediate.CertificatePEM()...), 0o600); err != nil {
		t.Fatal(err)
	}
	client := must(tlsconfig.Client("127.0.0.1:1", tlsconfig.ClientOptions{CAFile: s.ca, CertFile: cert, KeyFile: key}))
	state, _, serverErr, clientErr = shake(t, files.Config(), client)
	if serverErr != nil || clientErr != nil {
		t.Fatal(serverErr, clientErr)
	}
	write(authority.CertificatePEM())
	if chains, err := files.VerifyClient(&state); err != nil || len(chains) != 1 || len(chains[0]) != 3 {
		t.Errorf("over an intermediate: %d chains, %v", len(chains), err)
	}
}

// Without authorities for clients, the authorities of the system are not used.
func TestVerifyClientWithoutAuthorities(t *testing.T) {
	s := newSite(t)
	files, err := tlsconfig.OpenFiles(tlsconfig.ServerOptions{CertFile: s.cert, KeyFile: s.key})
	if err != nil {
		t.Fatal(err)
	}
	state, _, _, _ := shake(t, files.Config(), showing(t, s, must(s.authority.Issue(testcert.Spec{Subject: "alice"}))))
	if _, err := files.VerifyClient(&state); err == nil {
		t.Error("a client was verified")
	}
}

// TestFilesOthersCanChange checks that files that other users can change or replace are
// refused at start, and that later changes of such files have no effect.
func TestFilesOthersCanChange(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no modes")
	}
	for _, name := range []string{"server.pem", "server.key", "clients.pem"} {
		for what, spoil := range map[string]struct {
			file, dir os.FileMode
			words     string
		}{
			"written by all":       {0o666, 0o755, "can write to it"},
			"written by a group":   {0o660, 0o755, "can write to it"},
			"in an open directory": {0o600, 0o777, "can replace it"},
		} {
			s := newSite(t)
			must3(must(testcert.NewAuthority("clients")).Write(s.dir, "clients"))
			clock, log := testclock.New(time.Now()), &journal{}
			options := tlsconfig.ServerOptions{
				CertFile: s.cert, KeyFile: s.key, ClientCAFile: filepath.Join(s.dir, "clients.pem"), ClientCertOptional: true, Now: clock.Now, Logger: log.logger(),
			}
			server, err := tlsconfig.Server(options)
			if err != nil {
				t.Fatal(err)
			}
			first := served(t, server)
			if err := os.Chmod(filepath.Join(s.dir, name), spoil.file); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(s.dir, spoil.dir); err != nil {
				t.Fatal(err)
			}
			if _, err := tlsconfig.Server(options); err == nil || !strings.Contains(err.Error(), spoil.words) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
			log.take()
			clock.Advance(time.Second)
			if got := served(t, server); got != first || strings.Count(log.take(), spoil.words) != 1 {
				t.Errorf("%s, %s: the server does not keep the last valid files", name, what)
			}
		}
	}
}
