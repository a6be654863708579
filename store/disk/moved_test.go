//go:build unix

package disk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// withState returns a store with an upload, and with a key in its state directory, as a server
// has it.
func withState(t *testing.T, system system) (fixture, *upload, []byte) {
	t.Helper()
	f := fixture{T: t, directory: t.TempDir()}
	f.writeByHand(".tranship/tls/key.pem", "secret")
	f = f.open(small, system)
	f.put("source", "source")
	f.put("docs/deep/file", "content")
	content := noise(1, 3<<20)
	u := f.begin(resumable("kept", content))
	f.write(u, content, 0)
	f.sync(u)
	return f, u, content
}

// unreachable checks that no method reaches the state directory, or a file in it, at a path, and
// that lists have only the given files.
func (f fixture) unreachable(path string, files ...string) {
	f.Helper()
	before := f.below(path)
	paths := []string{path, path + "/new", path + "/lock", path + "/new/deep", path + "/tmp/new"}
	for _, below := range before {
		paths = append(paths, path+"/"+below)
	}
	for _, path := range paths {
		_, stat := f.Stat(f.Context(), path)
		_, open := f.Open(f.Context(), path, tranship.OpenOptions{})
		_, set := f.SetAttributes(f.Context(), path, tranship.Attributes{}, tranship.Precondition{})
		_, move := f.Move(f.Context(), path, "stolen", tranship.Precondition{})
		_, copied := f.Copy(f.Context(), path, "stolen", tranship.Precondition{})
		_, account := f.Account(f.Context(), path)
		removed := f.Remove(f.Context(), path, tranship.Precondition{})
		for what, err := range map[string]error{"Stat": stat, "Open": open, "SetAttributes": set, "Move": move, "Copy": copied, "Remove": removed, "Account": account} {
			if !errors.Is(err, tranship.ErrNotFound) && !errors.Is(err, tranship.ErrUnavailable) {
				f.Errorf("%s of %s: %v", what, path, err)
			}
		}
		for what, err := range f.changes(path) {
			f.fails(what+" "+path, err, tranship.ErrDenied)
		}
	}
	for _, recursive := range []bool{true, false} {
		for _, directory := range []string{"", path, path + "/tls", path + "/uploads"} {
			for entry, err := range f.List(f.Context(), tranship.ListOptions{Directory: directory, Recursive: recursive}) {
				if err != nil && errors.Is(err, tranship.ErrUnavailable) {
					continue
				}
				if err != nil || directory != "" || strings.HasPrefix(entry.Path, path) {
					f.Errorf("List of %q: %+v, %v", directory, entry, err)
				}
			}
		}
	}
	for file, err := range f.Accounts(f.Context()) {
		if err == nil && strings.HasPrefix(file.Path, path) {
			f.Errorf("Accounts has %s", file.Path)
		}
	}
	if after := f.below(path); strings.Join(before, "\n") != strings.Join(after, "\n") {
		f.Errorf("%s had %q, and has %q", path, before, after)
	}
}

// below returns the files and directories below a directory, relative to it.
func (f fixture) below(path string) []string {
	f.Helper()
	var all []string
	err := filepath.Walk(f.at(path), func(name string, _ os.FileInfo, err error) error {
		if below, ok := strings.CutPrefix(name, f.at(path)+"/"); ok {
			all = append(all, below)
		}
		return err
	})
	if err != nil {
		f.Fatal(err)
	}
	return all
}

// TestStateMoved renames the state directory while the store is open, as a user who may write to
// the store's directory can.
func TestStateMoved(t *testing.T) {
	for _, to := range []string{"pub", "docs/pub", "docs/deep/pub", ".tranship2"} {
		t.Run(to, func(t *testing.T) {
			f, u, content := withState(t, realSystem())
			if err := os.Rename(f.at(".tranship"), f.at(to)); err != nil {
				t.Fatal(err)
			}
			f.unreachable(to)
			above, _ := rootfs.Split(to)
			if above != "" { // A file in place of directories that are empty but for the state.
				_, err := f.Put(t.Context(), tranship.Spec{Path: above}, nil)
				if !errors.Is(err, tranship.ErrDenied) && !errors.Is(err, tranship.ErrExists) {
					t.Errorf("Put at %s: %v", above, err)
				}
			}
			// Another directory in its place changes nothing.
			f.writeByHand(".tranship/tmp/x", "planted")
			f.writeByHand(".tranship/uploads/x", "planted")
			f.unreachable(to)
			if err := first(f.List(t.Context(), tranship.ListOptions{})); !errors.Is(err, tranship.ErrUnavailable) {
				t.Errorf("List: %v", err)
			}
			if err := os.RemoveAll(f.at(".tranship")); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(f.at(to), f.at(".tranship")); err != nil {
				t.Fatal(err)
			}
			f.lists("docs/deep/file", "source")
			f.write(u, content, 1)
			f.detach(u)
			f = f.reopen()
			u = f.begin(resumable("kept", content))
			if n := len(u.Durable()); n != 2 {
				t.Errorf("%d parts are left of the upload, want 2", n)
			}
			f.write(u, content, 2)
			f.finish(u, "kept", content)
		})
	}
}

// TestStateLeft opens a store after the state directory of an earlier one, and directories in it,
// were renamed; and a store that has another store's directory below its own.
func TestStateLeft(t *testing.T) {
	f, u, _ := withState(t, realSystem())
	if !f.attributes {
		t.Skip("there are no extended attributes here")
	}
	f.detach(u)
	if err := os.Rename(f.at(".tranship"), f.at("docs/pub")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tls", "uploads"} { // directories that can be moved out of the state
		if err := os.Rename(f.at("docs/pub/"+name), f.at(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(f.at("inner"), 0o755); err != nil {
		t.Fatal(err)
	}
	inner, err := Open(f.at("inner"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer inner.Close()
	if err := f.Store.Close(); err != nil {
		t.Fatal(err)
	}
	f = f.open(small, realSystem())
	f.unreachable("docs/pub")
	f.unreachable("tls")
	f.unreachable("uploads")
	f.unreachable("inner/.tranship")
	f.lists("docs/deep/file", "source")
	if again, err := os.Stat(f.at(".tranship/uploads")); err != nil || !again.IsDir() {
		t.Errorf("the state was not created again: %v", err)
	}
}

// TestStateLinked makes hard links to files of the state directory.
func TestStateLinked(t *testing.T) {
	f, u, _ := withState(t, realSystem())
	for name, path := range map[string]string{".tranship/tls/key.pem": "docs/key", ".tranship/lock": "lock"} {
		if err := os.Link(f.at(name), f.at(path)); err != nil {
			t.Skip(err)
		}
		f.hidden(path)
	}
	f.lists("docs/deep/file", "source")
	f.detach(u)
}

// TestStateSpelled tries to reach the state directory by other spellings of its name.
func TestStateSpelled(t *testing.T) {
	f, u, _ := withState(t, folded(rootfs.Folding{}))
	for _, path := range []string{"TRANSH~1", ".tran\u200dship", "\ufeff.tranship", ".tranship."} {
		if _, err := f.root.Lstat(path); err == nil || errors.Is(err, os.ErrNotExist) {
			t.Errorf("%q does not lead there: %v", path, err)
		}
		for _, path := range []string{path, path + "/tls/key.pem", path + "/lock", path + "/new"} {
			f.hidden(path)
			for what, err := range f.changes(path) {
				f.fails(what+" "+path, err, tranship.ErrDenied)
			}
		}
	}
	f.lists("docs/deep/file", "source")
	f.detach(u)
}

// TestStateOfAnother opens a store whose state directory belongs to another user.
func TestStateOfAnother(t *testing.T) {
	const another, third = 12345, 12346
	directory := t.TempDir()
	f := fixture{T: t, directory: directory}
	f.writeByHand(".tranship/tls/key.pem", "planted")
	if err := os.Chown(f.at(".tranship"), another, another); err != nil {
		t.Skipf("files cannot be given away here: %v", err)
	}
	if info, err := os.Stat(f.at(".tranship")); err != nil {
		t.Fatal(err)
	} else if owner, ok := rootfs.Owner(info); !ok || owner != another {
		t.Skip("this file system has no owners")
	}
	for _, owner := range []int{os.Getuid(), third} {
		if err := os.Chown(directory, owner, owner); err != nil {
			t.Fatal(err)
		}
		_, err := Open(directory, Options{})
		if err == nil || !strings.Contains(err.Error(), ".tranship belongs to another user (12345)") {
			t.Errorf("Open in a directory of %d: %v", owner, err)
		}
	}
	if left := f.names(".tranship/tmp"); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
	if err := os.Chown(directory, another, another); err != nil {
		t.Fatal(err)
	}
	store, err := Open(directory, Options{})
	if err != nil {
		t.Fatalf("Open where all is the other user's: %v", err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}

// TestStateFileReplaced replaces a file of the state directory, as a server does when it renews a
// certificate. No file of a client may be mistaken for the old one.
func TestStateFileReplaced(t *testing.T) {
	f, u, _ := withState(t, realSystem())
	f.detach(u)
	if err := os.RemoveAll(f.at(".tranship/tls")); err != nil {
		t.Fatal(err)
	}
	for n := range 50 {
		path := fmt.Sprintf("dir-%d/file", n)
		f.put(path, path)
		if got, err := f.read(path); err != nil || got != path {
			t.Fatalf("%s is %q, %v", path, got, err)
		}
	}
}
