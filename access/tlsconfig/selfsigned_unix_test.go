//go:build unix

package tlsconfig_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tranship/tranship/access/tlsconfig"
)

// TestSelfSignedOfOthers checks that a key that another user has made, or can change, is
// refused.
func TestSelfSignedOfOthers(t *testing.T) {
	for what, spoil := range map[string]func(dir string) error{
		"a key that others can write": func(dir string) error { return os.Chmod(filepath.Join(dir, "key.pem"), 0o660) },
		"a directory":                 func(dir string) error { return os.Chmod(dir, 0o777) },
		"another user's key":          func(dir string) error { return os.Lchown(filepath.Join(dir, "key.pem"), 65534, 65534) },
		"another user's certificate":  func(dir string) error { return os.Lchown(filepath.Join(dir, "certificate.pem"), 65534, 65534) },
		"another user's directory":    func(dir string) error { return os.Lchown(dir, 65534, 65534) },
	} {
		if strings.HasPrefix(what, "another user's") && os.Getuid() != 0 {
			continue
		}
		// Other users may write to the directories above, as in a shared root.
		shared := t.TempDir()
		if err := os.Chmod(shared, 0o777); err != nil {
			t.Fatal(err)
		}
		options := tlsconfig.ServerOptions{SelfSigned: &tlsconfig.SelfSigned{Dir: filepath.Join(shared, "tls"), Names: []string{"localhost"}}}
		for range 2 {
			if _, err := tlsconfig.Server(options); err != nil {
				t.Fatal(err)
			}
		}
		if err := spoil(options.SelfSigned.Dir); err != nil {
			t.Fatal(err)
		}
		if _, err := tlsconfig.Server(options); err == nil {
			t.Errorf("%s: the key is used", what)
		}
		if left, err := filepath.Glob(filepath.Join(options.SelfSigned.Dir, "probe.*")); err != nil || len(left) > 0 {
			t.Errorf("%s: %v is left, %v", what, left, err)
		}
	}
}
