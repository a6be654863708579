//go:build linux

package attack

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc/codes"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
)

// reachForState sends the path of the state, and paths below it, in every request that
// contains a path. All are refused, and no list shows the state.
func reachForState(t *testing.T, s *site, state string) {
	t.Helper()
	conn := s.dial(t)
	before := snapshotAll(t, filepath.Join(s.root, state))
	for _, request := range requests() {
		for _, below := range []string{"", "/tls", "/tls/key.pem", "/lock", "/uploads", "/new", "/new/deep", "/tls/new"} {
			path := state + below
			if !sendable(request, path) {
				continue
			}
			code := request.send(t, conn, path)
			switch {
			case request.lists && (code == codes.OK || code == codes.Unavailable):
			case request.id && (code == codes.NotFound || code == codes.Aborted || code == codes.InvalidArgument || code == codes.Unavailable):
			case request.writes && (code == codes.PermissionDenied || code == codes.AlreadyExists):
			case !request.writes && (code == codes.NotFound || code == codes.Unavailable):
			case request.method == "/FileSrv/DownloadFile" && code == codes.InvalidArgument: // its code for a missing file
			default:
				t.Errorf("%s: %q: %v", request.name, path, code)
			}
		}
	}
	ctx := testContext(t)
	c, err := client.Dial(ctx, s.address, client.Options{DialOptions: s.watched()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, directory := range []string{"", state, state + "/tls"} {
		for _, recursive := range []bool{false, true} {
			for entry, err := range c.List(ctx, tranship.ListOptions{Directory: directory, Recursive: recursive}) {
				if err == nil && (directory != "" || strings.HasPrefix(entry.Path, state)) {
					t.Errorf("the list of %q has %q", directory, entry.Path)
				} else if err != nil && !errors.Is(err, tranship.ErrUnavailable) {
					t.Errorf("list of %q: %v", directory, err)
				}
			}
		}
	}
	after := snapshotAll(t, filepath.Join(s.root, state))
	if strings.Join(before, "\n") != strings.Join(after, "\n") {
		t.Errorf("the state was %q, and is %q", before, after)
	}
}

// snapshotAll returns the names of everything below a directory, without the files with which
// the store checks every few seconds that it is healthy.
func snapshotAll(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.Walk(dir, func(name string, _ os.FileInfo, err error) error {
		if strings.HasPrefix(filepath.Base(name), "health.") {
			return nil // it may be gone already
		}
		all = append(all, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// siteWithKey returns a site whose state has a secret key.
func siteWithKey(t *testing.T) *site {
	t.Helper()
	s := prepareSite(t)
	s.write(t, "root/.tranship/tls/key.pem", secret)
	s.start(t)
	return s
}

// TestStateRenamed renames the state of a running server, as another program that may
// write to the served directory could.
func TestStateRenamed(t *testing.T) {
	for _, to := range []string{"pub", "docs/pub", "docs/deep/pub"} {
		t.Run(to, func(t *testing.T) {
			s := siteWithKey(t)
			state, renamed := filepath.Join(s.root, ".tranship"), filepath.Join(s.root, to)
			if err := os.Rename(state, renamed); err != nil {
				t.Fatal(err)
			}
			reachForState(t, s, to)
			if err := os.Rename(renamed, state); err != nil {
				t.Fatal(err)
			}
			s.unchanged(t)
		})
	}
}

// TestStateMounted mounts the state, and the directory of its key, at other paths.
func TestStateMounted(t *testing.T) {
	for _, from := range []string{".tranship", ".tranship/tls"} {
		t.Run(from, func(t *testing.T) {
			s := prepareSite(t)
			s.write(t, "root/.tranship/tls/key.pem", secret)
			if err := os.Mkdir(filepath.Join(s.root, "docs/pub"), 0o755); err != nil {
				t.Fatal(err)
			}
			s.start(t)
			mounted := filepath.Join(s.root, "docs/pub")
			if err := unix.Mount(filepath.Join(s.root, from), mounted, "", unix.MS_BIND, ""); err != nil {
				t.Skipf("nothing can be mounted here: %v", err)
			}
			defer func() {
				if err := unix.Unmount(mounted, unix.MNT_DETACH); err != nil {
					t.Error(err)
				}
			}()
			reachForState(t, s, "docs/pub")
		})
	}
}
