//go:build unix

package disk

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tranship/tranship"
)

// changes has all calls that create or change a file at a path.
func (f fixture) changes(path string) map[string]error {
	f.Helper()
	errs := make(map[string]error)
	_, errs["Put"] = f.Put(f.Context(), tranship.Spec{Path: path}, []byte("written"))
	_, errs["Put of a new file"] = f.Put(f.Context(), tranship.Spec{Path: path, Precondition: tranship.Precondition{MustNotExist: true}}, []byte("written"))
	_, errs["Begin"] = f.Begin(f.Context(), tranship.Spec{Path: path})
	_, errs["Copy to it"] = f.Copy(f.Context(), "source", path, tranship.Precondition{})
	_, errs["Move to it"] = f.Move(f.Context(), "source", path, tranship.Precondition{})
	return errs
}

// hidden checks that no method finds a file at path.
func (f fixture) hidden(path string) {
	f.Helper()
	none := tranship.Precondition{}
	_, err := f.Stat(f.Context(), path)
	f.fails("Stat of "+path, err, tranship.ErrNotFound)
	_, err = f.Open(f.Context(), path, tranship.OpenOptions{})
	f.fails("Open of "+path, err, tranship.ErrNotFound)
	_, err = f.SetAttributes(f.Context(), path, tranship.Attributes{Mode: new(os.FileMode(0o600))}, none)
	f.fails("SetAttributes of "+path, err, tranship.ErrNotFound)
	_, err = f.Move(f.Context(), path, "moved", none)
	f.fails("Move of "+path, err, tranship.ErrNotFound)
	_, err = f.Copy(f.Context(), path, "copied", none)
	f.fails("Copy of "+path, err, tranship.ErrNotFound)
	f.fails("Remove of "+path, f.Remove(f.Context(), path, none), tranship.ErrNotFound)
}

func TestLinksAreNotFollowed(t *testing.T) {
	f := newFixture(t, small, realSystem())
	outside := t.TempDir()
	secret := filepath.Join(outside, "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	f.put("real/file", "content")
	f.put("source", "source")
	links := map[string]string{
		"outside":      outside,
		"file-outside": secret,
		"state":        ".tranship",
		"lock":         ".tranship/lock",
		"inside":       "real",
		"file-inside":  "real/file",
		"dangling":     "created",
		"real/up":      "..",
		"deep/down/in": "../../real",
	}
	paths := []string{"outside/secret", "outside/new/file", "state/lock", "state/tmp/new", "inside/file", "inside/new", "dangling/new", "real/up/source", "deep/down/in/file"}
	for path, target := range links {
		f.symlink(target, path)
		paths = append(paths, path)
	}
	for _, path := range paths {
		f.hidden(path)
		for name, err := range f.changes(path) {
			f.fails(name+" "+path, err, tranship.ErrDenied)
			if !strings.Contains(err.Error(), "is a symbolic link") {
				t.Errorf("%s %s: %v", name, path, err)
			}
		}
	}
	f.lists("real/file", "source")
	for path, target := range links {
		if got, err := os.Readlink(f.at(path)); err != nil || got != target {
			t.Errorf("the link %s has become %q, %v", path, got, err)
		}
	}
	for entry, err := range f.List(t.Context(), tranship.ListOptions{}) {
		if err != nil || entry.Path == "deep" {
			t.Errorf("List: %+v, %v", entry, err)
		}
	}
	for _, directory := range []string{"outside", "inside", "state", "real/up"} {
		for entry, err := range f.List(t.Context(), tranship.ListOptions{Directory: directory}) {
			t.Errorf("List of %s: %+v, %v", directory, entry, err)
		}
	}
	if content, err := os.ReadFile(secret); err != nil || string(content) != "secret" {
		t.Errorf("outside: %q, %v", content, err)
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 1 {
		t.Errorf("outside: %v, %v", entries, err)
	}
	if _, err := os.Lstat(f.at("created")); err == nil {
		t.Error("the target of a dangling link was created")
	}
}

func TestStateIsUnreachable(t *testing.T) {
	f := newFixture(t, small, realSystem())
	upload, err := f.Begin(t.Context(), tranship.Spec{Path: "file"})
	if err != nil {
		t.Fatal(err)
	}
	defer upload.Abort(t.Context())
	for _, path := range []string{".tranship", ".tranship/lock", ".TRANSHIP/lock", ".Tranship/tmp/x"} {
		_, err := f.Stat(t.Context(), path)
		f.fails("Stat of "+path, err, tranship.ErrInvalid)
		_, err = f.Put(t.Context(), tranship.Spec{Path: path}, nil)
		f.fails("Put of "+path, err, tranship.ErrInvalid)
		for _, err := range f.List(t.Context(), tranship.ListOptions{Directory: path}) {
			f.fails("List of "+path, err, tranship.ErrInvalid)
		}
	}
	f.writeByHand(".TRANSHIP/file", "hidden as well")
	for entry, err := range f.List(t.Context(), tranship.ListOptions{}) {
		t.Errorf("List: %+v, %v", entry, err)
	}
	got := f.names(".tranship")
	if f.attributes {
		got = slices.DeleteFunc(got, func(name string) bool { return name == markerName })
	}
	if len(got) != 3 {
		t.Errorf("the state directory has %q", got)
	}
}

func TestNamesThatAreNoPathsAreHidden(t *testing.T) {
	f := newFixture(t, small, realSystem())
	f.writeByHand("good", "")
	f.writeByHand("bad\xff", "")
	f.writeByHand("bad\n", "")
	f.writeByHand("bad\u0085/file", "")
	f.writeByHand("dir/bad\x01", "")
	f.lists("good")
	for entry, err := range f.List(t.Context(), tranship.ListOptions{}) {
		if err != nil || entry.Path != "good" {
			t.Errorf("List: %+v, %v", entry, err)
		}
	}
}

// A directory and a file of the store are concurrently replaced by links that lead outside while
// files are written and read. Files outside must not change, and must not be read.
func TestLinksSwappedConcurrently(t *testing.T) {
	f := newFixture(t, Options{Durability: tranship.DurabilityWritten}, realSystem())
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "file"), []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	f.put("held/file", "content")
	f.symlink(outside, "link")
	f.symlink(filepath.Join(outside, "file"), "file-link")
	f.put("file-held", "content")

	var stop atomic.Bool
	var attacker sync.WaitGroup
	attacker.Go(func() {
		for !stop.Load() {
			for _, name := range []string{"held", "link"} {
				os.Rename(f.at(name), f.at("dir"))
				os.Rename(f.at("dir"), f.at(name))
			}
			for _, name := range []string{"file-held", "file-link"} {
				os.Rename(f.at(name), f.at("file"))
				os.Rename(f.at("file"), f.at(name))
			}
		}
	})
	allowed := func(what string, err error) {
		for _, kind := range []error{tranship.ErrNotFound, tranship.ErrDenied, tranship.ErrExists, tranship.ErrUnavailable} {
			if err == nil || errors.Is(err, kind) {
				return
			}
		}
		t.Errorf("%s: %v", what, err)
	}
	for range 150 {
		for _, path := range []string{"dir/file", "file"} {
			content, err := f.read(path)
			allowed("reading "+path, err)
			if content == "secret" {
				t.Fatalf("read a file outside through %s", path)
			}
			_, err = f.SetAttributes(t.Context(), path, tranship.Attributes{Mode: new(os.FileMode(0o600))}, tranship.Precondition{})
			allowed("SetAttributes of "+path, err)
		}
		_, err := f.Put(t.Context(), tranship.Spec{Path: "dir/file"}, []byte("content"))
		allowed("Put", err)
		_, err = f.Put(t.Context(), tranship.Spec{Path: "dir/new/file"}, []byte("content"))
		allowed("Put", err)
		allowed("Remove", f.Remove(t.Context(), "dir/new/file", tranship.Precondition{}))
	}
	stop.Store(true)
	attacker.Wait()

	content, err := os.ReadFile(filepath.Join(outside, "file"))
	if err != nil || string(content) != "secret" {
		t.Errorf("outside: %q, %v", content, err)
	}
	info, err := os.Stat(filepath.Join(outside, "file"))
	if err != nil || info.Mode() != 0o644 {
		t.Errorf("outside: %v, %v", info, err)
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 1 {
		t.Errorf("outside: %v, %v", entries, err)
	}
}
