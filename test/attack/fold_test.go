//go:build linux

package attack

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/foldfs"
)

// foldedSite returns a site whose directory finds names under other spellings.
func foldedSite(t *testing.T, options foldfs.Options) *site {
	t.Helper()
	s := prepareFolded(t, options)
	s.start(t)
	return s
}

// prepareFolded creates the directories of such a site without a server.
func prepareFolded(t *testing.T, options foldfs.Options) *site {
	t.Helper()
	dir := t.TempDir()
	s := &site{dir: dir, root: filepath.Join(dir, "root"), outside: filepath.Join(dir, "outside")}
	s.write(t, "files/.tranship/tls/key.pem", secret)
	s.write(t, "files/file", "the content of a file")
	s.write(t, "files/docs/one", "one")
	s.write(t, "files/Secret-plans/one", secret)
	if err := os.Mkdir(s.root, 0o755); err != nil {
		t.Fatal(err)
	}
	foldfs.Mount(t, filepath.Join(dir, "files"), s.root, options)
	return s
}

func foldings() map[string]foldfs.Options {
	return map[string]foldfs.Options{"one inode": {}, "many inodes": {ManyInodes: true}}
}

// TestStateFolded tries to reach the state with spellings of its name that only the file
// system maps to it.
func TestStateFolded(t *testing.T) {
	for name, options := range foldings() {
		t.Run(name, func(t *testing.T) {
			s := foldedSite(t, options)
			for _, state := range []string{"TRANSH~1", ".tran\u200dship", "\ufeff.tranship", ".Tran\u017fhip\u200c", ".tran\u200c\u017fhip"} {
				if _, err := os.Lstat(filepath.Join(s.root, state, "tls", "key.pem")); err != nil {
					t.Fatalf("%q does not lead to the state: %v", state, err)
				}
				reachForState(t, s, state)
			}
		})
	}
}

// TestSpellings sends other spellings of existing names in every request: reading finds
// no file, and writing fails with a collision.
func TestSpellings(t *testing.T) {
	for name, options := range foldings() {
		t.Run(name, func(t *testing.T) {
			s := foldedSite(t, options)
			conn := s.dial(t)
			for _, path := range []string{"FILE", "fi\u200dle", "docs/ONE", "DOCS/one", "Docs/new", "SECRET~1/one", "secret-plans/one", "Secret-plan\u017f/one"} {
				for _, request := range requests() {
					if !sendable(request, path) {
						continue
					}
					code := request.send(t, conn, path)
					switch {
					case request.lists && code == codes.OK: // the list is empty, or a leak is detected
					case request.id && (code == codes.NotFound || code == codes.Aborted || code == codes.InvalidArgument):
					case request.writes && code == codes.AlreadyExists:
					case !request.writes && code == codes.NotFound:
					case request.method == "/FileSrv/DownloadFile" && code == codes.InvalidArgument: // its code for a missing file
					case request.method == "/FileSrv/UploadFile" && code == codes.InvalidArgument: // its code for a failure
					default:
						t.Errorf("%s: %q: %v", request.name, path, code)
					}
				}
			}
			s.unchanged(t)
		})
	}
}

// TestPolicyFolded checks that clients cannot reach files that a policy denies by another
// spelling that it allows.
func TestPolicyFolded(t *testing.T) {
	s := prepareFolded(t, foldfs.Options{})
	s.write(t, "rules", `allow alice read,write,delete,list /
allow bob read,write,delete,list SECRET-PLANS
allow bob read,write,delete,list SECRET~1
allow bob read,write,delete,list docs
`)
	tokens := filepath.Join(t.TempDir(), "tokens")
	alice, bob := newToken(t, tokens, "alice"), newToken(t, tokens, "bob")
	s.healthy = as(alice)
	s.start(t, "--tokens", tokens, "--policy", filepath.Join(s.dir, "rules"))
	ctx := testContext(t)
	options := as(bob)
	options.DialOptions = append(options.DialOptions, s.watched()...)
	c, err := client.Dial(ctx, s.address, options)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, path := range []string{"SECRET-PLANS/one", "SECRET~1/one"} {
		_, err := c.Open(ctx, path, tranship.OpenOptions{})
		if !errors.Is(err, tranship.ErrNotFound) {
			t.Errorf("Open %s: %v", path, err)
		}
		if _, err := c.Copy(ctx, path, "docs/stolen", tranship.Precondition{}); !errors.Is(err, tranship.ErrNotFound) {
			t.Errorf("Copy %s: %v", path, err)
		}
		if err := c.Remove(ctx, path, tranship.Precondition{}); !errors.Is(err, tranship.ErrNotFound) {
			t.Errorf("Remove %s: %v", path, err)
		}
		if _, err := c.Put(ctx, tranship.Spec{Path: path}, []byte("changed")); !errors.Is(err, tranship.ErrExists) {
			t.Errorf("Put %s: %v", path, err)
		}
	}
}

// TestMoveFolded moves a file to another spelling of its name, which would lose the file
// on a system that treats them as two files.
func TestMoveFolded(t *testing.T) {
	for name, options := range foldings() {
		t.Run(name, func(t *testing.T) {
			s := foldedSite(t, options)
			ctx := testContext(t)
			c, err := client.Dial(ctx, s.address, client.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for _, to := range []string{"FILE", "File", "f\u200dile"} {
				if _, err := c.Move(ctx, "file", to, tranship.Precondition{}); !errors.Is(err, tranship.ErrExists) {
					t.Errorf("Move to %q: %v", to, err)
				}
				if _, err := c.Copy(ctx, "file", to, tranship.Precondition{}); !errors.Is(err, tranship.ErrExists) {
					t.Errorf("Copy to %q: %v", to, err)
				}
			}
			s.unchanged(t)
			// Two moves are allowed.
			for _, step := range [][2]string{{"file", "docs/between"}, {"docs/between", "FILE"}} {
				if _, err := c.Move(ctx, step[0], step[1], tranship.Precondition{}); err != nil {
					t.Error(err)
				}
			}
			s.unchanged(t, "root/FILE", "root/file", "files/FILE", "files/file")
			if content, err := os.ReadFile(filepath.Join(s.dir, "files/FILE")); err != nil || !bytes.Equal(content, []byte("the content of a file")) {
				t.Errorf("it is %q, %v", content, err)
			}
			if _, err := c.Move(ctx, "FILE", "file-again", tranship.Precondition{}); err != nil {
				t.Error(err)
			}
			if _, err := c.Move(ctx, "file-again", "file", tranship.Precondition{}); err != nil {
				t.Error(err)
			}
		})
	}
}
