package network

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/faultproxy"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/disk"
	"github.com/tranship/tranship/store/localdir"
	"github.com/tranship/tranship/transfer"
)

// site is a server with a store on disk, and a proxy in front of it.
type site struct {
	root string
	// address is the server's own address, without the proxy.
	address string
	proxy   *faultproxy.Proxy
	// transport is that of the clients of dial.
	transport client.Transport
}

// overTransports runs a test over gRPC and over lanes.
func overTransports(t *testing.T, test func(t *testing.T, transport client.Transport)) {
	for _, transport := range []client.Transport{client.TransportGRPC, client.TransportLanes} {
		t.Run(transport.String(), func(t *testing.T) { test(t, transport) })
	}
}

func newSite(t *testing.T, transport client.Transport) *site {
	t.Helper()
	s := &site{root: t.TempDir(), transport: transport}
	store, err := disk.Open(s.root, disk.Options{Durability: tranship.DurabilityWritten, MinPartSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	s.address = storeserver.Serve(t, store, server.Config{})
	if s.proxy, err = faultproxy.Listen(s.address, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.proxy.Close() })
	return s
}

// patience bounds how long a step may take that should be short.
const patience = 20 * time.Second

// dial returns a client that is closed when the test ends. Over gRPC, it reconnects after
// short pauses.
func (s *site) dial(t *testing.T, address string, timeout time.Duration) (*client.Client, error) {
	t.Helper()
	options := client.Options{ConnectTimeout: timeout, Transport: s.transport}
	if s.transport == client.TransportGRPC {
		options.DialOptions = []grpc.DialOption{grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 5 * time.Millisecond, Multiplier: 1.5, MaxDelay: 100 * time.Millisecond},
			MinConnectTimeout: timeout,
		})}
	}
	c, err := client.Dial(t.Context(), address, options)
	if err == nil {
		t.Cleanup(func() { _ = c.Close() })
	}
	return c, err
}

func (s *site) mustDial(t *testing.T, address string) *client.Client {
	t.Helper()
	c, err := s.dial(t, address, patience)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// files are contents by path.
type files map[string][]byte

// random returns bytes that do not compress.
func random(seed byte, size int) []byte {
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(data)
	return data
}

// write puts files into a directory.
func (f files) write(t *testing.T, dir string) {
	t.Helper()
	for path, data := range f {
		name := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// items yields the files as items of a source.
func (f files) items(source transfer.Source) iter.Seq2[transfer.Item, error] {
	return func(yield func(transfer.Item, error) bool) {
		for _, path := range slices.Sorted(maps.Keys(f)) {
			item := transfer.Item{Source: source, SourcePath: path, Path: path, File: tranship.File{Size: int64(len(f[path]))}}
			if !yield(item, nil) {
				return
			}
		}
	}
}

// below returns the files below a directory, without the state of stores.
func below(t *testing.T, dir string) files {
	t.Helper()
	found := files{}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), ".tranship") {
			if err == nil && entry.Name() == ".tranship" {
				return fs.SkipDir
			}
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		name, err = filepath.Rel(dir, name)
		found[filepath.ToSlash(name)] = data
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// unlike returns an error that lists wrong files in a directory and, if whole is true,
// missing ones.
func (f files) unlike(t *testing.T, dir string, whole bool) error {
	t.Helper()
	found := below(t, dir)
	var wrong []error
	for path, data := range found {
		want, ok := f[path]
		switch {
		case !ok:
			wrong = append(wrong, fmt.Errorf("%q should not exist", path))
		case !bytes.Equal(data, want):
			wrong = append(wrong, fmt.Errorf("%q has wrong content", path))
		}
	}
	for path := range f {
		if _, ok := found[path]; !ok && whole {
			wrong = append(wrong, fmt.Errorf("%q is missing", path))
		}
	}
	return errors.Join(wrong...)
}

// empty removes all files from a directory except the state of stores.
func empty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.Name() != ".tranship" {
			if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// openDir opens a local directory that is closed when the test ends.
func openDir(t *testing.T, name string) *localdir.Dir {
	t.Helper()
	dir, err := localdir.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dir.Close() })
	return dir
}

// copying is one copy of all files between a local directory and a site.
type copying struct {
	options transfer.Options
	// results are the results by the path at the destination.
	results map[string]transfer.Result
}

func (c *copying) run(t *testing.T, to tranship.Writer, items iter.Seq2[transfer.Item, error]) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c.results = map[string]transfer.Result{}
	options := c.options
	options.Report = func(result transfer.Result) { c.results[result.Path] = result }
	return transfer.Copy(ctx, to, items, options)
}

func (c *copying) up(t *testing.T, from *localdir.Dir, to *client.Client) error {
	t.Helper()
	return c.run(t, to, transfer.Walk(t.Context(), from, "", ""))
}

func (c *copying) down(t *testing.T, from *client.Client, to *localdir.Dir) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return c.run(t, to, transfer.Files(ctx, from, "", ""))
}

// skipped returns how many bytes did not have to be sent.
func (c *copying) skipped() (bytes int64) {
	for result := range maps.Values(c.results) {
		bytes += result.SkippedBytes
	}
	return bytes
}
