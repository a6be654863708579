//go:build unix

package localdir_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/store/localdir"
	"github.com/tranship/tranship/transfer"
)

// An own partial file is not gone on with when others may have written to it, or still
// can: by its mode, by another name, or by a descriptor that was opened before.
func TestDownloadSharedPartial(t *testing.T) {
	for what, share := range map[string]func(t *testing.T, part, journal string) (skipped bool){
		"as it was": func(*testing.T, string, string) bool { return true },
		"readable": func(t *testing.T, part, _ string) bool {
			return os.Chmod(part, 0o644) == nil
		},
		"writable": func(t *testing.T, part, _ string) bool {
			return os.Chmod(part, 0o622) != nil
		},
		"writable journal": func(t *testing.T, _, journal string) bool {
			return os.Chmod(journal, 0o620) != nil
		},
		"another name": func(t *testing.T, part, _ string) bool {
			return os.Link(part, filepath.Join(t.TempDir(), "name")) != nil
		},
		"another name of the journal": func(t *testing.T, _, journal string) bool {
			return os.Link(journal, filepath.Join(t.TempDir(), "name")) != nil
		},
		"another user's": func(t *testing.T, part, journal string) bool {
			giveAway(t, part, journal)
			return false
		},
		"another user's file": func(t *testing.T, part, _ string) bool {
			giveAway(t, part)
			return false
		},
		"another user's journal": func(t *testing.T, _, journal string) bool {
			giveAway(t, journal)
			return false
		},
		"open": func(t *testing.T, part, _ string) bool {
			file, err := os.OpenFile(part, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = file.Close() })
			reader, err := os.Open(part)
			if err != nil {
				t.Fatal(err)
			}
			defer reader.Close()
			if !rootfs.IsOpenForWriting(reader) {
				t.Skip("the system does not tell")
			}
			return false
		},
		"being read": func(t *testing.T, part, _ string) bool {
			file, err := os.Open(part)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = file.Close() })
			return true
		},
	} {
		t.Run(what, func(t *testing.T) {
			d := newDownload(t)
			d.interrupt(t, tranship.DurabilityDefault)
			part, journal := d.file(t, localdir.PartialSuffix), d.file(t, localdir.JournalSuffix)
			pinned, err := os.Open(part) // so that its inode is not used again
			if err != nil {
				t.Fatal(err)
			}
			defer pinned.Close()
			before, err := pinned.Stat()
			if err != nil {
				t.Fatal(err)
			}
			if before.Mode() != 0o600 {
				t.Errorf("the partial file has mode %v", before.Mode())
			}
			want := share(t, part, journal)
			result, err := d.copy(t, -1, transfer.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := result.SkippedBytes > 0; got != want {
				t.Errorf("%d bytes were skipped", result.SkippedBytes)
			}
			after, err := os.Lstat(filepath.Join(d.name, "copy"))
			if err != nil || os.SameFile(before, after) != want {
				t.Errorf("it is the same file: %v, %v", !want, err)
			}
			mustBePrivate(t, filepath.Join(d.name, "copy"))
			for _, name := range filetest.Names(t, d.name) {
				info, err := os.Lstat(filepath.Join(d.name, name))
				if err != nil {
					t.Fatal(err)
				}
				// The file whose journal is another user's cannot be told from theirs.
				if user, _ := rootfs.Owner(info); name != "copy" && int(user) == os.Geteuid() && what != "another user's journal" {
					t.Errorf("%s is left", name)
				}
			}
		})
	}
}
