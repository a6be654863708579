package tlsconfig_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship/access/tlsconfig"
	"github.com/tranship/tranship/internal/testing/testclock"
)

// TestSelfSignedFilesVanish removes or damages files of a running server. It must serve what
// it served, write nothing, and log an error at once and then every minute. A server that
// starts afterwards must not make a new key in place of a lost one.
func TestSelfSignedFilesVanish(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(dir string) error
		// starts is whether a server starts afterwards; wantErr is in its error if it does not.
		starts  bool
		wantErr string
	}{
		{"no key", func(dir string) error { return os.Remove(filepath.Join(dir, "key.pem")) }, false, "remove "},
		{"no certificate", func(dir string) error { return os.Remove(filepath.Join(dir, "certificate.pem")) }, true, ""},
		{"an empty certificate", func(dir string) error { return os.Truncate(filepath.Join(dir, "certificate.pem"), 0) }, true, ""},
		{"an empty key", func(dir string) error { return os.Truncate(filepath.Join(dir, "key.pem"), 0) }, false, "remove key.pem"},
		{"no files", func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "key.pem")), os.Remove(filepath.Join(dir, "certificate.pem")))
		}, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "tls")
			clock := testclock.New(time.Now())
			var log journal
			server := must(tlsconfig.Server(tlsconfig.ServerOptions{SelfSigned: &tlsconfig.SelfSigned{Dir: dir}, Now: clock.Now, Logger: log.logger()}))
			first := shown(t, server)
			log.take()
			must[error](nil, c.damage(dir))
			before := len(must(os.ReadDir(dir)))
			for second := range 121 {
				clock.Advance(time.Second)
				if now := shown(t, server); !now.Equal(first) {
					t.Fatal("the running server sends another certificate")
				}
				want := 0
				if second%60 == 0 {
					want = 1
				}
				if text := log.take(); strings.Count(text, "level=ERROR") != want || strings.Count(text, "\n") != want {
					t.Fatalf("after %d s, logged is %q", second+1, text)
				}
			}
			if after := len(must(os.ReadDir(dir))); after != before {
				t.Errorf("the running server has made files: %d, before %d", after, before)
			}
			again, err := tlsconfig.Server(tlsconfig.ServerOptions{SelfSigned: &tlsconfig.SelfSigned{Dir: dir}})
			switch {
			case c.starts && err != nil:
				t.Error(err)
			case c.starts && c.name != "no files" && tlsconfig.FingerprintOf(shown(t, again)) != tlsconfig.FingerprintOf(first):
				t.Error("a server that starts has another key")
			case !c.starts && (err == nil || !strings.Contains(err.Error(), c.wantErr)):
				t.Errorf("a server that starts: %v", err)
			}
		})
	}
}

// TestKeyMustExist checks that a server that must have its key does not make one.
func TestKeyMustExist(t *testing.T) {
	dir := t.TempDir()
	options := tlsconfig.ServerOptions{SelfSigned: &tlsconfig.SelfSigned{Dir: dir, KeyMustExist: true}}
	if _, err := tlsconfig.Server(options); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("error %v", err)
	}
	if entries := must(os.ReadDir(dir)); len(entries) != 0 {
		t.Errorf("%d files were made", len(entries))
	}
	options.SelfSigned = &tlsconfig.SelfSigned{Dir: dir}
	first := shown(t, must(tlsconfig.Server(options)))
	options.SelfSigned = &tlsconfig.SelfSigned{Dir: dir, KeyMustExist: true}
	if again := shown(t, must(tlsconfig.Server(options))); !again.Equal(first) {
		t.Error("another certificate")
	}
}
