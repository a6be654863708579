package client

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/tlsconfig"
	"github.com/tranship/tranship/internal/rootfs"
)

// The wait for the lock of the file of known hosts ends before connecting does, so that the
// error names the file.
func TestDialKnownHostsLocked(t *testing.T) {
	t.Parallel()
	address, _ := secureServer(t, "127.0.0.1")
	name := filepath.Join(t.TempDir(), "hosts")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if locked, err := rootfs.Lock(file); !locked || err != nil {
		t.Fatal(locked, err)
	}
	_, err = Dial(t.Context(), "grpcs://"+address, Options{Trust: tlsconfig.ClientOptions{KnownHostsFile: name, TrustOnFirstUse: true}})
	if !errors.Is(err, tranship.ErrUnauthenticated) || !strings.Contains(err.Error(), "has been locked by another process") {
		t.Errorf("error %v", err)
	}
}
