//go:build unix

package localdir_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/store/localdir"
	"github.com/tranship/tranship/transfer"
)

// otherUser is not the user of a test that may change owners.
const otherUser = 65534

// giveAway makes a file another user's; only root may.
func giveAway(t *testing.T, names ...string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	for _, name := range names {
		if err := os.Lchown(name, otherUser, otherUser); err != nil {
			t.Fatal(err)
		}
	}
}

// Files that are planted under the names of a partial file, its journal and temporary
// files are not written to and do not stop the download. Those of other users stay.
func TestDownloadPlanted(t *testing.T) {
	precious := filepath.Join(t.TempDir(), "precious")
	plants := map[string]struct {
		make func(t *testing.T, name string)
		// other: it is another user's, and stays.
		other bool
	}{
		"file of another user": {func(t *testing.T, name string) {
			filetest.Write(t, name, []byte("theirs"))
			giveAway(t, name)
		}, true},
		"writable file of another user": {func(t *testing.T, name string) {
			filetest.Write(t, name, []byte("theirs"))
			giveAway(t, name)
			if err := os.Chmod(name, 0o666); err != nil {
				t.Fatal(err)
			}
		}, true},
		"link of another user": {func(t *testing.T, name string) {
			if err := os.Symlink(precious, name); err != nil {
				t.Fatal(err)
			}
			giveAway(t, name)
		}, true},
		"pipe of another user": {func(t *testing.T, name string) {
			if err := syscall.Mkfifo(name, 0o666); err != nil {
				t.Fatal(err)
			}
			giveAway(t, name)
		}, true},
		"directory": {func(t *testing.T, name string) {
			if err := os.Mkdir(name, 0o777); err != nil {
				t.Fatal(err)
			}
		}, true},
		"writable file": {func(t *testing.T, name string) {
			filetest.Write(t, name, []byte("mine"))
			if err := os.Chmod(name, 0o666); err != nil {
				t.Fatal(err)
			}
		}, false},
		"hard link": {func(t *testing.T, name string) {
			if err := os.Link(precious, name); err != nil {
				t.Fatal(err)
			}
		}, false},
		"link": {func(t *testing.T, name string) {
			if err := os.Symlink(precious, name); err != nil {
				t.Fatal(err)
			}
		}, false},
		"link that leads nowhere": {func(t *testing.T, name string) {
			if err := os.Symlink(precious+"2", name); err != nil {
				t.Fatal(err)
			}
		}, false},
		"pipe": {func(t *testing.T, name string) {
			if err := syscall.Mkfifo(name, 0o666); err != nil {
				t.Fatal(err)
			}
		}, false},
	}
	for what, plant := range plants {
		for _, suffix := range []string{localdir.JournalSuffix, localdir.PartialSuffix, "-0" + localdir.TemporarySuffix} {
			for _, options := range []transfer.Options{{}, {NoResume: true}} {
				t.Run(fmt.Sprint(what, suffix, options.NoResume), func(t *testing.T) {
					filetest.Write(t, precious, []byte("precious"))
					d := newDownload(t)
					planted := filepath.Join(d.name, localdir.HiddenName("copy")+suffix)
					plant.make(t, planted)
					before, err := os.Lstat(planted)
					if err != nil {
						t.Fatal(err)
					}
					for _, left := range []int{3*localdir.LeastPart + 5, -1} {
						_, err := d.copy(t, left, transfer.Options{Attempts: 1, Parts: 1, NoResume: options.NoResume})
						if left < 0 && err != nil || left > 0 && options.NoResume == errors.Is(err, transfer.ErrResumable) {
							t.Fatalf("error %v", err)
						}
					}
					content, err := os.ReadFile(filepath.Join(d.name, "copy"))
					if err != nil || !bytes.Equal(content, d.data) {
						t.Errorf("%d bytes, %v", len(content), err)
					}
					want := []string{"copy"}
					after, err := os.Lstat(planted)
					if plant.other {
						want = []string{filepath.Base(planted), "copy"}
						if err != nil || !os.SameFile(before, after) || before.Mode() != after.Mode() || before.Size() != after.Size() {
							t.Errorf("what was planted is %v now, %v", after, err)
						}
					}
					// A temporary name that is taken is of no concern to a download
					// that needs none, and is another upload's to remove.
					got := slices.DeleteFunc(filetest.Names(t, d.name), func(name string) bool {
						return !plant.other && suffix == "-0"+localdir.TemporarySuffix && name == filepath.Base(planted)
					})
					if !slices.Equal(got, want) {
						t.Errorf("there are %q, want %q", got, want)
					}
					mustBePrivate(t, filepath.Join(d.name, "copy"))
					if content, err := os.ReadFile(precious); err != nil || string(content) != "precious" {
						t.Errorf("precious is %q, %v", content, err)
					}
					if _, err := os.Lstat(precious + "2"); !errors.Is(err, fs.ErrNotExist) {
						t.Errorf("a link was followed: %v", err)
					}
				})
			}
		}
	}
}

// mustBePrivate fails unless a file is this user's alone.
func mustBePrivate(t *testing.T, name string) {
	t.Helper()
	info, err := os.Lstat(name)
	if err != nil {
		t.Fatal(err)
	}
	owner, _ := rootfs.Owner(info)
	user, links := int(owner), rootfs.Links(info)
	if user != os.Geteuid() || links != 1 || !info.Mode().IsRegular() || localdir.IsShared(info.Mode()) {
		t.Errorf("%s is %v of user %d, with %d names", name, info.Mode(), user, links)
	}
}

// When others have taken all names, a copy goes on without being resumable.
func TestDownloadAllNamesTaken(t *testing.T) {
	d := newDownload(t)
	var want []string
	for n := range localdir.Partials {
		want = append(want, localdir.PartialName("copy", n)+localdir.JournalSuffix)
	}
	for n := range localdir.Temporaries {
		want = append(want, localdir.TemporaryName("copy", fmt.Sprint(n)))
	}
	for _, name := range want {
		if err := os.Mkdir(filepath.Join(d.name, name), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.copy(t, 3*localdir.LeastPart+5, transfer.Options{Attempts: 1, Parts: 1}); err == nil || errors.Is(err, transfer.ErrResumable) {
		t.Errorf("error %v", err)
	}
	if _, err := d.copy(t, -1, transfer.Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := openDir(t, d.name).Put(t.Context(), tranship.Spec{Path: "copy"}, []byte("small")); err != nil {
		t.Fatal(err)
	}
	want = append(want, "copy")
	slices.Sort(want)
	if got := filetest.Names(t, d.name); !slices.Equal(got, want) {
		t.Errorf("there are %q, want %q", got, want)
	}
}
