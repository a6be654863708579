package tlsconfig_test

import (
	"crypto/ecdsa"
	"crypto/tls"
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
