package localdir_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/transfer"
)

// mountImage makes a file system by one command and mounts it by another, both of which
// get the image's name, and the second the directory's. It skips the test where that is
// not possible.
func mountImage(t *testing.T, megabytes int64, makeIt, mount []string) (directory string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	image, directory := filepath.Join(t.TempDir(), "image"), t.TempDir()
	filetest.Write(t, image, nil)
	if err := os.Truncate(image, megabytes<<20); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{append(makeIt, image), append(mount, image, directory)} {
		if output, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Skipf("%q: %v: %s", command, err, output)
		}
	}
	t.Cleanup(func() {
		if output, err := exec.Command("umount", directory).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, output)
		}
	})
	return directory
}

// foldingMounts are file systems that ignore letter case, each with a directory that
// does.
var foldingMounts = map[string]func(t *testing.T) string{
	"vfat": func(t *testing.T) string {
		return mountImage(t, 8, []string{"mkfs.vfat"}, []string{"mount", "-o", "loop"})
	},
	"ext4": func(t *testing.T) string {
		name := filepath.Join(mountImage(t, 32, []string{"mkfs.ext4", "-q", "-O", "casefold"}, []string{"mount", "-o", "loop"}), "folding")
		if err := os.Mkdir(name, 0o777); err != nil {
			t.Fatal(err)
		}
		if output, err := exec.Command("chattr", "+F", name).CombinedOutput(); err != nil {
			t.Skipf("%v: %s", err, output)
		}
		return name
	},
	"ntfs": func(t *testing.T) string { // which lists all names in lower case
		return mountImage(t, 32, []string{"mkfs.ntfs", "-q", "-F"}, []string{"lowntfs-3g", "-o", "ignore_case"})
	},
}

func TestDirOnFoldingFileSystem(t *testing.T) {
	for kind, mount := range foldingMounts {
		t.Run(kind, func(t *testing.T) {
			name := mount(t)
			if openDir(t, name).IsExact() {
				t.Fatal("its names are taken for exact")
			}
			source := &mem.Store{}
			filetest.Fill(t, source, map[string]int{
				"d/File": 10, "d/file": 20, "d/Large": largeBytes, "d/LARGE": largeBytes + 1, "d/Dir/x": 30, "d/dir/y": 40, "d/other": 50,
			})
			for run := range 2 {
				dir, got := openDir(t, name), results{}
				err := transfer.Copy(t.Context(), dir, transfer.Files(t.Context(), source, "d", "d"), transfer.Options{Report: got.report(t)})
				if failed, _ := errors.AsType[*transfer.FailedError](err); failed == nil || failed.Failed != 3 || failed.Total != 7 {
					t.Fatalf("run %d: error %v, %v", run, err, got)
				}
				if run == 0 {
					all := filetest.Tree(t, name)
					all = slices.DeleteFunc(all, func(path string) bool { return path == "lost+found" })
					if len(all) != 6 { // d, a file, a large file, a directory, a file in that, other
						t.Errorf("there are %q", all)
					}
				}
				for path, result := range got {
					if result.Err == nil {
						filetest.MustHave(t, openDir(t, name), path, filetest.Random(int(result.Size)))
					} else if !errors.Is(result.Err, tranship.ErrExists) {
						t.Errorf("run %d: %s: %v", run, path, result.Err)
					}
				}
			}
		})
	}
}
