//go:build unix

package token_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/tranship/tranship/access/token"
)

// TestEditKeeps checks that changes follow a link and keep the mode and the owner.
func TestEditKeeps(t *testing.T) {
	file := fileName(t)
	add(t, file, "alice")
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	owner := os.Getuid()
	if owner == 0 {
		owner = 12345
		if err := os.Chown(file, owner, owner); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	add(t, link, "bob")
	info, err := os.Lstat(file)
	if err != nil || info.Mode() != 0o640 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if os.Getuid() == 0 && !ownedBy(info, owner) {
		t.Error("the owner has changed")
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is %v, %v", info.Mode(), err)
	}
	if entries, err := token.List(file); err != nil || len(entries) != 2 {
		t.Errorf("%+v, %v", entries, err)
	}
}

func ownedBy(info fs.FileInfo, owner int) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == owner && int(stat.Gid) == owner
}
