package crash

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/faultproxy"
)

// site is a server that can crash behind an address that stays.
type site struct {
	root   string
	server *server
	proxy  *faultproxy.Proxy
}

func newSite(t *testing.T, link faultproxy.Link) *site {
	t.Helper()
	s := &site{root: t.TempDir()}
	s.server = startServer(t, s.root)
	proxy, err := faultproxy.Listen(s.server.address, func(int) faultproxy.Link { return link })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	s.proxy = proxy
	return s
}

// place names a file on the server, by way of the proxy.
func (s *site) place(path string) string { return "grpc://" + s.proxy.Address() + "/" + path }

// direct names a file on the server, past the proxy.
func (s *site) direct(path string) string { return "grpc://" + s.server.address + "/" + path }

// file is where the server keeps a path.
func (s *site) file(path string) string { return filepath.Join(s.root, path) }

// restart starts a server that was killed again. Clients find it once revealed.
func (s *site) restart(t *testing.T) {
	t.Helper()
	s.server = startServer(t, s.root)
}

// reveal lets clients connect to the server that runs now.
func (s *site) reveal() { s.proxy.SetServer(s.server.address) }

// durable is how much of a path's unfinished upload the server has; 0 if there is
// none.
func (s *site) durable(t *testing.T, path string) int64 {
	t.Helper()
	c, err := client.Dial(t.Context(), s.server.address, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var durable int64
	for upload, err := range c.ListUploads(t.Context(), path) {
		if err != nil {
			t.Fatal(err)
		}
		durable = max(durable, upload.DurableBytes)
	}
	return durable
}

// clean fails if uploads, or what they stored, are left on the server.
func (s *site) clean(t *testing.T) {
	t.Helper()
	c, err := client.Dial(t.Context(), s.server.address, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for upload, err := range c.ListUploads(t.Context(), "") {
		t.Errorf("an upload is left: %+v, %v", upload, err)
	}
	for name, size := range filesBelow(t, filepath.Join(s.root, ".tranship")) {
		// What is remembered of commits is small.
		if size > 64<<10 {
			t.Errorf("left on the server: .tranship/%s, %d bytes", name, size)
		}
	}
}

// passes waits until so many bytes have gone in a direction; false if the process
// ends before.
func (s *site) passes(t *testing.T, direction faultproxy.Direction, bytes int64, p *process) bool {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reached := make(chan error, 1)
	go func() { reached <- s.proxy.Await(ctx, direction, bytes) }()
	select {
	case err := <-reached:
		return err == nil
	case <-p.Done():
		return false
	}
}

// kill kills the victims, and starts the server again if it is one.
func (s *site) kill(t *testing.T, v victims, client *process) {
	t.Helper()
	if v.server {
		s.server.Kill()
	}
	if v.client {
		client.Kill()
	}
	if v.server {
		s.restart(t)
	}
}

// only fails if a directory has other files than those named.
func only(t *testing.T, dir string, names ...string) {
	t.Helper()
	for name := range filesBelow(t, dir) {
		if !slices.Contains(names, name) && !strings.HasPrefix(name, ".tranship"+string(os.PathSeparator)) {
			t.Errorf("%s is left", filepath.Join(dir, name))
		}
	}
}
