//go:build linux

package attack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/raced"
)

// dialClient returns a client of ours, which is closed when the test ends.
func (s *site) dialClient(t testing.TB) *client.Client {
	t.Helper()
	options := s.healthy
	options.DialOptions = append(s.watched(), options.DialOptions...)
	c, err := client.Dial(testContext(t), s.address, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestLargeDirectory lists a directory of a hundred thousand entries completely, from the
// middle, and with a client that does not read. No list is held in memory more than once.
func TestLargeDirectory(t *testing.T) {
	s := prepareSite(t)
	entries := raced.Times(100_000)
	s.fill(t, entries)
	s.start(t)
	begun, _ := s.resident(t)
	var readers sync.WaitGroup
	for want, options := range map[int]tranship.ListOptions{
		entries:     {Directory: many},
		entries / 2: {Recursive: true, StartAfter: many + "/" + entryName(entries/2-1)},
	} {
		readers.Go(func() {
			n := 0
			for _, err := range s.dialClient(t).List(testContext(t), options) {
				if err != nil {
					t.Error(err)
					return
				}
				n++
			}
			if n != want {
				t.Errorf("%+v: %d entries, want %d", options, n, want)
			}
		})
	}
	readers.Wait()
	// A client that sends requests repeatedly and reads nothing.
	f := s.frames(t)
	for n := range uint32(3) {
		err := f.open(2*n+1, "/tranship.v1.FileService/List", false)
		if err == nil {
			err = f.WriteData(2*n+1, true, message([]byte{0x0a, 4, 'm', 'a', 'n', 'y', 0x10, 1}))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	s.serves(t)
	s.bounded(t, begun, 256<<20)
	s.unchanged(t)
}

// fill creates a directory of empty files.
func (s *site) fill(t testing.TB, entries int) {
	t.Helper()
	dir := filepath.Join(s.root, many)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for n := range entries {
		// Mknod is one system call, where creating and closing are two.
		if err := unix.Mknod(filepath.Join(dir, entryName(n)), unix.S_IFREG|0o644, 0); err != nil {
			t.Fatal(err)
		}
	}
}

func entryName(n int) string { return fmt.Sprintf("entry number %06d", n) }

// TestFullDisk fills the disk from many concurrent clients, with declared and undeclared
// sizes. Each file is complete or missing, and after space is freed uploads succeed
// again.
func TestFullDisk(t *testing.T) {
	s := prepareSite(t)
	free := mountSmall(t, s.root, 24<<20)
	var flags []string
	if !free { // Without the right to mount, reserve all space instead.
		flags = []string{"--min-free", "1048576TiB"}
	}
	s.write(t, "root/file", "the content of a file")
	s.start(t, flags...)
	const size = 1 << 20
	content := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	ctx := testContext(t)
	var mu sync.Mutex
	var stored []string
	full := 0
	var clients sync.WaitGroup
	for n := range 8 {
		clients.Go(func() {
			c := s.dialClient(t)
			for i := range 8 {
				spec := tranship.Spec{Path: fmt.Sprintf("filler/%d/%d", n, i)}
				var err error
				if i%2 == 0 {
					_, err = c.Put(ctx, spec, content)
				} else {
					err = upload(ctx, c, spec, content)
				}
				mu.Lock()
				switch {
				case err == nil:
					stored = append(stored, spec.Path)
				case errors.Is(err, tranship.ErrNoSpace):
					full++
				default:
					t.Errorf("%s: %v", spec.Path, err)
				}
				mu.Unlock()
			}
		})
	}
	clients.Wait()
	t.Logf("%d files were stored, %d were not", len(stored), full)
	if full == 0 || free == (len(stored) == 0) {
		t.Errorf("%d files were stored, %d were not", len(stored), full)
	}
	for _, path := range stored {
		got, err := os.ReadFile(filepath.Join(s.root, path))
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s has %d bytes, %v", path, len(got), err)
		}
	}
	if !free {
		s.stop(t)
		s.process = startServer(t, s.root)
	}
	c := s.dialClient(t)
	for _, path := range stored {
		if err := c.Remove(ctx, path, tranship.Precondition{}); err != nil {
			t.Error(err)
		}
	}
	if err := os.RemoveAll(filepath.Join(s.root, "filler")); err != nil {
		t.Error(err)
	}
	s.serves(t)
	s.unchanged(t)
}

// upload uploads a file of undeclared size.
func upload(ctx context.Context, c *client.Client, spec tranship.Spec, content []byte) error {
	upload, err := c.Begin(ctx, spec)
	if err != nil {
		return err
	}
	defer func() { _ = upload.Abort(ctx) }() // Does nothing after a commit.
	part, err := upload.Part(ctx, 0)
	if err != nil {
		return err
	}
	_, err = part.Write(content)
	if closeErr := part.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	_, err = upload.Commit(ctx, tranship.Commit{Size: int64(len(content))})
	return err
}
