//go:build linux

package attack

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/sys/unix"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/raced"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

const listMethod = transhipv1.FileService_List_FullMethodName

// fillLong creates a directory of empty files, whose paths are as long as possible, and
// returns its path.
func (s *site) fillLong(t testing.TB, entries int) string {
	t.Helper()
	path := many
	for i := range 3 {
		path += "/" + strings.Repeat(string(rune('a'+i)), 240)
	}
	dir := filepath.Join(s.root, path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	opened, err := unix.Open(dir, unix.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(opened)
	for i := range entries {
		if err := unix.Mknodat(opened, fmt.Sprintf("%06d%s", i, strings.Repeat("x", 200)), unix.S_IFREG|0o644, 0); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// fillDeep creates a tree of nested directories, each with a few files, and returns its
// path.
func (s *site) fillDeep(t testing.TB, depth int) string {
	t.Helper()
	dir, err := unix.Open(filepath.Join(s.root), unix.O_RDONLY, 0)
	for n := -1; n < depth && err == nil; n++ {
		name := "d"
		if n < 0 {
			name = many
		}
		parent := dir
		if err = unix.Mkdirat(parent, name, 0o755); err == nil {
			dir, err = unix.Openat(parent, name, unix.O_RDONLY, 0)
		}
		for i := range 3 {
			if err == nil {
				err = unix.Mknodat(dir, fmt.Sprint("e", i), unix.S_IFREG|0o644, 0)
			}
		}
		_ = unix.Close(parent)
	}
	if err != nil {
		t.Fatal(err)
	}
	_ = unix.Close(dir)
	return many
}

// noWindow lets a server send no data on a stream.
var noWindow = http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}

// count lists a directory and returns the number of entries.
func count(ctx context.Context, c *client.Client, options tranship.ListOptions) (n int, err error) {
	for _, err := range c.List(ctx, options) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// TestListMemory has clients that request lists of long names, and of a deep tree, and do
// not read them. The server's memory for each is bounded.
func TestListMemory(t *testing.T) {
	for name, fill := range map[string]func(s *site) (path string, entries int){
		"long names": func(s *site) (string, int) {
			n := raced.Times(40_000)
			return s.fillLong(t, n), n
		},
		"a deep tree": func(s *site) (string, int) { return s.fillDeep(t, 500), 3 * 501 },
	} {
		t.Run(name, func(t *testing.T) {
			s := prepareSite(t)
			path, entries := fill(s)
			s.start(t, "--memory-limit", "64MiB")
			begun, _ := s.resident(t)
			stalled := s.frames(t, noWindow)
			stalled.drain()
			if err := stalled.stall(8, listMethod, &transhipv1.ListRequest{Directory: path, Recursive: true}, true); err != nil {
				t.Fatal(err)
			}
			// Meanwhile another list is complete.
			n, err := count(testContext(t), s.dialClient(t), tranship.ListOptions{Directory: path, Recursive: true})
			if err != nil || n != entries {
				t.Errorf("%d entries, %v, want %d", n, err, entries)
			}
			s.serves(t)
			s.bounded(t, begun, 100<<20)
			s.unchanged(t)
		})
	}
}

// startWith starts a server with a limit of descriptors.
func (s *site) startWith(t testing.TB, descriptors int, flags ...string) {
	t.Helper()
	s.wrap = []string{"sh", "-c", fmt.Sprintf(`ulimit -n %d && exec "$0" "$@"`, descriptors)}
	s.start(t, flags...)
}

// TestDescriptors has one caller with stalled lists of a deep tree, open downloads and
// uploads, and connections, on a server with few descriptors. Others are served, and
// their files are never reported as missing.
func TestDescriptors(t *testing.T) {
	const descriptors = 256
	tokens := filepath.Join(t.TempDir(), "tokens")
	alice, eve := newToken(t, tokens, "alice"), newToken(t, tokens, "eve")
	s := prepareSite(t)
	s.healthy = as(alice)
	path := s.fillDeep(t, 400)
	s.startWith(t, descriptors, "--tokens", tokens)
	begun := s.files(t)
	good := bearerField(eve)

	lists := s.frames(t, noWindow)
	lists.drain()
	if err := lists.stall(8, listMethod, &transhipv1.ListRequest{Directory: path, Recursive: true}, true, good); err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		downloads := s.frames(t, noWindow)
		downloads.drain()
		open := &transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_Open{Open: &transhipv1.Open{Slot: 1, Path: "file"}}}
		if err := downloads.stall(20, downloadMethod, open, false, good); err != nil {
			t.Fatal(err)
		}
		uploads := s.frames(t)
		uploads.drain()
		begin := &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Begin{Begin: &transhipv1.Begin{Slot: 1, Path: fmt.Sprint("uploaded", n)}}}
		if err := uploads.stall(20, uploadMethod, begin, false, good); err != nil {
			t.Fatal(err)
		}
	}
	for range 200 {
		conn, err := s.attackFrom(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}

	c := s.dialClient(t)
	until := time.Now().Add(2 * time.Second)
	for done := 0; done < 20 || time.Now().Before(until); done++ {
		ctx := testContext(t)
		if _, err := c.Stat(ctx, "file"); err != nil {
			t.Fatalf("stat: %v", err)
		}
		if n, err := count(ctx, c, tranship.ListOptions{Directory: path, Recursive: true}); err != nil || n != 3*401 {
			t.Fatalf("list: %d entries, %v", n, err)
		}
		content, err := c.Open(ctx, "docs/deep/two", tranship.OpenOptions{})
		if err != nil {
			t.Fatalf("open: %v", err)
		}
		_ = content.Close()
	}
	s.serves(t)
	if most := s.files(t); most > descriptors*3/4 {
		t.Errorf("%d descriptors are open, %d in the beginning, want at most %d", most, begun, descriptors)
	}
}
