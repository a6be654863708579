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

// site is a server that can crash, behind a proxy whose address stays the same.
type site struct {
	root   string
	server *server
	proxy  *faultproxy.Proxy
}

// overTransports runs a test with the flag of each transport that a client can have.
func overTransports(t *testing.T, test func(t *testing.T, transport string)) {
	for _, name := range []string{"grpc", "lanes"} {
		t.Run(name, func(t *testing.T) { test(t, "--transport="+name) })
	}
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

// proxyURL returns the URL of a path on the server, through the proxy.
func (s *site) proxyURL(path string) string { return "grpc://" + s.proxy.Address() + "/" + path }

// serverURL returns the URL of a path on the server, without the proxy.
func (s *site) serverURL(path string) string { return "grpc://" + s.server.address + "/" + path }

// file returns the server's local name of a path.
func (s *site) file(path string) string { return filepath.Join(s.root, path) }

// restart starts a killed server again. Clients reach it after reveal.
func (s *site) restart(t *testing.T) {
	t.Helper()
	s.server = startServer(t, s.root)
}

// reveal makes the proxy connect clients to the current server.
func (s *site) reveal() { s.proxy.SetServer(s.server.address) }

// durable returns how many bytes of a path's unfinished upload the server has; 0 without
// one.
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

// clean fails if uploads, or their data, remain on the server.
func (s *site) clean(t *testing.T) {
	t.Helper()
	c, err := client.Dial(t.Context(), s.server.address, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for upload, err := range c.ListUploads(t.Context(), "") {
		t.Errorf("an upload remains: %+v, %v", upload, err)
	}
	for name, size := range filesBelow(t, filepath.Join(s.root, ".tranship")) {
		// Records of commits are small.
		if size > 64<<10 {
			t.Errorf("remains on the server: .tranship/%s, %d bytes", name, size)
		}
	}
}

// passes waits until so many bytes have passed in a direction. It returns false if the
// process ends before.
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

// kill kills the victims, and restarts the server if it was killed.
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

// only fails if a directory has files other than names.
func only(t *testing.T, dir string, names ...string) {
	t.Helper()
	for name := range filesBelow(t, dir) {
		if !slices.Contains(names, name) && !strings.HasPrefix(name, ".tranship"+string(os.PathSeparator)) {
			t.Errorf("%s remains", filepath.Join(dir, name))
		}
	}
}
