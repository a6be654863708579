//go:build linux

package attack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
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

func dialAs(t testing.TB, p *process, token string) *client.Client {
	t.Helper()
	c, err := client.Dial(testContext(t), p.address, as(token))
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

// hoard tries to make a server keep more than its limits allow. It ends when it is
// refused, or after enough attempts. round distinguishes the calls of one test.
type hoard func(ctx context.Context, c *client.Client, round int) error

func hoards() map[string]hoard {
	keyed := func(path, key string, size int64) tranship.Spec {
		return tranship.Spec{Path: path, Size: &size, ResumeKey: key, Durability: tranship.DurabilityWritten}
	}
	commits := func(paths int) hoard {
		return func(ctx context.Context, c *client.Client, round int) error {
			for n := range 600 {
				upload, err := c.Begin(ctx, keyed(fmt.Sprint("one", n%paths), fmt.Sprint("key", round, n), 1))
				if err != nil {
					return err
				}
				err = fill(ctx, upload, 0, 1)
				if err == nil {
					_, err = upload.Commit(ctx, tranship.Commit{Size: 1})
				}
				if err != nil {
					return errors.Join(err, upload.Abort(ctx))
				}
			}
			return nil
		}
	}
	// over uploads a large file repeatedly, and detaches from each upload but the first.
	over := func(path func(n int) string) hoard {
		return func(ctx context.Context, c *client.Client, round int) error {
			for n := range 12 {
				const size = 7 << 20
				upload, err := c.Begin(ctx, keyed(path(n), fmt.Sprint("key", round, n), size))
				if err != nil {
					return err
				}
				for part := range size / (1 << 20) {
					err = errors.Join(err, fill(ctx, upload, part, 1<<20))
				}
				err = errors.Join(err, upload.Sync(ctx))
				if n == 0 && round == 0 {
					_, failed := upload.Commit(ctx, tranship.Commit{Size: size})
					err = errors.Join(err, failed)
				} else {
					err = errors.Join(err, upload.Detach(ctx))
				}
				if err != nil {
					return err
				}
			}
			return nil
		}
	}
	deep := func(n, round int) string {
		return fmt.Sprintf("deep%d/%s/file%d", n%4, strings.Repeat(string(rune('a'+n%26))+"/", 300)+"x", round)
	}
	return map[string]hoard{
		"commits to a few paths":  commits(16),
		"commits to many paths":   commits(600),
		"uploads over one's file": over(func(int) string { return "big" }),
		"uploads beside it": over(func(n int) string {
			return []string{"big", "Big", "d/big"}[min(n, 2)]
		}),
		"parts begun again": func(ctx context.Context, c *client.Client, _ int) error {
			upload, err := c.Begin(ctx, tranship.Spec{Path: "unknown"}) // never ended
			for n := 0; err == nil && n < 40; n++ {
				err = errors.Join(fill(ctx, upload, n, 1<<20), fill(ctx, upload, n, 1))
			}
			return err
		},
		"one byte in each part": func(ctx context.Context, c *client.Client, _ int) error {
			upload, err := c.Begin(ctx, tranship.Spec{Path: "unknown"})
			for n := 0; err == nil && n < 1000; n++ {
				err = fill(ctx, upload, n, 1)
			}
			return err
		},
		"directories of puts": func(ctx context.Context, c *client.Client, round int) error {
			for n := range 20 {
				if _, err := c.Put(ctx, tranship.Spec{Path: deep(n, round), Durability: tranship.DurabilityWritten}, nil); err != nil {
					return err
				}
			}
			return nil
		},
		"directories of uploads, copies and moves": func(ctx context.Context, c *client.Client, round int) error {
			if _, err := c.Put(ctx, tranship.Spec{Path: "source"}, nil); err != nil {
				return err
			}
			var refused error
			for n := range 20 {
				upload, err := c.Begin(ctx, tranship.Spec{Path: deep(n, round)})
				if err == nil {
					_, err = upload.Commit(ctx, tranship.Commit{})
					err = errors.Join(err, upload.Abort(ctx))
				}
				_, copied := c.Copy(ctx, "source", deep(n, round)+"copy", tranship.Precondition{})
				_, moved := c.Move(ctx, "source", deep(n, round)+"moved", tranship.Precondition{})
				if err == nil || copied == nil || moved == nil {
					return errors.New("a path that is too deep was accepted")
				}
				refused = errors.Join(err, copied, moved)
			}
			return refused
		},
		"unfinished uploads": func(ctx context.Context, c *client.Client, round int) error {
			for n := range 2 * hoardUploads {
				spec := keyed(fmt.Sprint("unfinished", n), fmt.Sprint("key", round), 1)
				spec.Attributes.Metadata = map[string]string{"k": strings.Repeat("v", 2000)}
				upload, err := c.Begin(ctx, spec)
				if err != nil {
					return err
				}
				if err := upload.Detach(ctx); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// TestHoards lets a caller with a quota keep as much as it can on the server's disk, in
// each of many ways. It kills the server and repeats that.
func TestHoards(t *testing.T) {
	for name, hoard := range hoards() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			root, tokens := filepath.Join(dir, "root"), filepath.Join(dir, "tokens")
			alice := newToken(t, tokens, "alice")
			bob := newToken(t, tokens, "bob")
			makeRoot(t, root)
			flags := []string{
				"--tokens", tokens, "--quota-bytes", fmt.Sprint(hoardBytes), "--quota-files", fmt.Sprint(hoardFiles),
				"--max-uploads", fmt.Sprint(hoardUploads), "--durability", "written",
			}
			p := startServer(t, root, flags...)
			before := used(t, root)
			for round := range 3 {
				err := hoard(testContext(t), dialAs(t, p, alice), round)
				if err != nil && !errors.Is(err, tranship.ErrQuota) {
					t.Errorf("round %d: %v", round, err)
				}
				got := used(t, root)
				got.inodes -= before.inodes
				got.bytes -= before.bytes
				// A file that is being replaced may exist twice. An upload has two
				// inodes, and the record of a commit has one beside its file.
				inodes := int64(hoardFiles + 2*hoardUploads + hoardFiles)
				bytes := int64(2*hoardBytes) + 8<<10*inodes
				if got.inodes > inodes || got.bytes > bytes {
					t.Errorf("round %d: %d inodes and %d bytes are on disk, want at most %d and %d", round, got.inodes, got.bytes, inodes, bytes)
				}
				if _, err := dialAs(t, p, bob).Put(testContext(t), tranship.Spec{Path: fmt.Sprint("bob/", round)}, make([]byte, 1000)); err != nil {
					t.Errorf("another caller is refused: %v", err)
				}
				p.Kill()
				p = startServer(t, root, flags...)
			}
			p.stop(t)
		})
	}
}

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
