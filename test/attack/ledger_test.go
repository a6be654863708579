//go:build linux

package attack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
)

// use is the space that a directory takes.
type use struct{ inodes, bytes int64 }

// used measures a directory, the server's state in it included.
func used(t testing.TB, directory string) (all use) {
	t.Helper()
	err := filepath.WalkDir(directory, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		all.inodes++
		all.bytes += info.Sys().(*syscall.Stat_t).Blocks * 512
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// dialAs connects with a token.
func dialAs(t testing.TB, p *process, token string) *client.Client {
	t.Helper()
	return dialOver(t, p, token, client.TransportAuto)
}

// dialOver connects with a token, for transfers over a transport.
func dialOver(t testing.TB, p *process, token string, transport client.Transport) *client.Client {
	t.Helper()
	options := as(token)
	options.Transport = transport
	c, err := client.Dial(testContext(t), p.address, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// fill writes a part of an upload.
func fill(ctx context.Context, upload tranship.Upload, n, size int) error {
	part, err := upload.Part(ctx, n)
	if err != nil {
		return err
	}
	_, err = part.Write(make([]byte, size))
	return errors.Join(err, part.Close())
}

// The limits of each caller.
const (
	hoardBytes   = 8 << 20
	hoardFiles   = 100
	hoardUploads = 40
)

// TestReservedSpace lets two callers begin uploads of all free space without sending
// data. Another caller can still store files, before and after their connections close.
func TestReservedSpace(t *testing.T) {
	dir := t.TempDir()
	root, tokens := filepath.Join(dir, "root"), filepath.Join(dir, "tokens")
	makeRoot(t, root)
	const space = 32 << 20
	if !mountSmall(t, root, space) {
		t.Skip("the test needs the right to mount")
	}
	bob, hoarders := newToken(t, tokens, "bob"), map[string]string{}
	for _, name := range []string{"alice", "eve"} {
		hoarders[name] = newToken(t, tokens, name)
	}
	p := startServer(t, root, "--tokens", tokens, "--durability", "written")
	defer p.stop(t)
	ctx := testContext(t)
	begun := 0
	for name, token := range hoarders {
		hold := dialAs(t, p, token)
		for size := int64(space - 1<<20); size > 1<<10; size /= 2 { // all, and then all of the remaining space
			spec := tranship.Spec{Path: fmt.Sprint(name, size), Size: &size, ResumeKey: "key"}
			if upload, err := hold.Begin(ctx, spec); err == nil {
				begun++
				defer func() { _ = upload.Abort(ctx) }()
			}
		}
	}
	if begun < 2 {
		t.Errorf("%d uploads were begun: too few to test anything", begun)
	}
	c := dialAs(t, p, bob)
	if _, err := c.Put(ctx, tranship.Spec{Path: "small"}, make([]byte, 1<<20)); err != nil {
		t.Errorf("a small file: %v", err)
	}
	const size = 8 << 20
	upload, err := c.Begin(ctx, tranship.Spec{Path: "large", Size: new(int64(size)), ResumeKey: "key"})
	if err != nil {
		t.Fatalf("a large file: %v", err)
	}
	for n := range size / (1 << 20) {
		if err := fill(ctx, upload, n, 1<<20); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := upload.Commit(ctx, tranship.Commit{Size: size}); err != nil {
		t.Error(err)
	}
}

func makeRoot(t testing.TB, root string) {
	t.Helper()
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
}

// TestKeptByDefault checks that a server without limits keeps a bounded number of commits
// and of unfinished uploads of one caller.
func TestKeptByDefault(t *testing.T) {
	root := filepath.Join(t.TempDir(), "root")
	makeRoot(t, root)
	p := startServer(t, root, "--durability", "written")
	ctx := testContext(t)
	kept := func() int {
		t.Helper()
		entries, err := os.ReadDir(filepath.Join(root, tranship.ReservedSegment, "uploads"))
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	c, err := client.Dial(ctx, p.address, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	begin := func(n int) (tranship.Upload, error) {
		return c.Begin(ctx, tranship.Spec{Path: fmt.Sprint("d/", n), Size: new(int64(0)), ResumeKey: fmt.Sprint(n)})
	}
	for n := range 600 {
		upload, err := begin(n)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := upload.Commit(ctx, tranship.Commit{}); err != nil {
			t.Fatal(err)
		}
	}
	const commits, uploads = 500, 1000
	if n := kept(); n != commits {
		t.Errorf("%d files are kept of 600 commits, want %d", n, commits)
	}
	begun := 0
	for ; begun <= uploads; begun++ {
		upload, err := begin(1000 + begun)
		if errors.Is(err, tranship.ErrQuota) {
			break
		}
		if err == nil {
			err = upload.Detach(ctx)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := kept(); begun != uploads || n != commits+2*uploads {
		t.Errorf("%d uploads were begun, and %d files are kept", begun, n)
	}
	p.stop(t)
}
