//go:build linux

package attack

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
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
		test := func(t *testing.T, transport client.Transport) {
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
				err := hoard(testContext(t), dialOver(t, p, alice, transport), round)
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
		}
		t.Run(name, func(t *testing.T) { test(t, client.TransportGRPC) })
		t.Run(name+" on lanes", func(t *testing.T) { test(t, client.TransportLanes) })
	}
}
