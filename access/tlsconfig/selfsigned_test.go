package tlsconfig_test

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship/access/tlsconfig"
	"github.com/tranship/tranship/internal/testing/testclock"
)

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
