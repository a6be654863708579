//go:build linux

package foldfs

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/tranship/tranship/internal/testing/fusemount"
)

// Options are the properties of a file system. The zero value is one like HFS+.
type Options struct {
	// ManyInodes gives a file another inode under each spelling, like many FUSE file
	// systems.
	ManyInodes bool
}

// Mount mounts such a file system, with the files of the directory files, at the
// directory at until the test ends. It skips the test if that is not possible.
func Mount(t testing.TB, files, at string, options Options) {
	t.Helper()
	top := &node{dir: files, options: options}
	fusemount.Mount(t, top, at, "foldfs")
}

// finds reports whether name finds what is stored under another name.
func finds(name, stored string) bool {
	if fold(name) == fold(stored) {
		return true
	}
	long := strings.ReplaceAll(stored, ".", "")
	return len(stored) > 8 && len(long) > 6 && name == strings.ToUpper(long[:6])+"~1"
}

func fold(name string) string {
	name = strings.Map(func(r rune) rune {
		if r >= '\u200b' && r <= '\u200f' || r >= '\u202a' && r <= '\u202e' || r >= '\u206a' && r <= '\u206f' || r == '\ufeff' {
			return -1
		}
		return r
	}, name)
	return norm.NFD.String(cases.Fold().String(norm.NFD.String(name)))
}

// node is a file or directory.
type node struct {
	fs.Inode
	options Options

	mu  sync.Mutex
	dir string
}

var (
	_ fs.NodeLookuper   = (*node)(nil)
	_ fs.NodeGetattrer  = (*node)(nil)
	_ fs.NodeSetattrer  = (*node)(nil)
	_ fs.NodeOpener     = (*node)(nil)
	_ fs.NodeCreater    = (*node)(nil)
	_ fs.NodeMkdirer    = (*node)(nil)
	_ fs.NodeUnlinker   = (*node)(nil)
	_ fs.NodeRmdirer    = (*node)(nil)
	_ fs.NodeRenamer    = (*node)(nil)
	_ fs.NodeReaddirer  = (*node)(nil)
	_ fs.NodeGetxattrer = (*node)(nil)
	_ fs.NodeSetxattrer = (*node)(nil)
	_ fs.NodeStatfser   = (*node)(nil)
	_ fs.NodeFsyncer    = (*node)(nil)
)

func (n *node) at() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dir
}

// find returns the path of what a name finds.
func (n *node) find(name string) string {
	dir := n.at()
	if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
		return filepath.Join(dir, name)
	}
	entries, _ := os.ReadDir(dir)
	for _, entry := range entries {
		if finds(name, entry.Name()) {
			return filepath.Join(dir, entry.Name())
		}
	}
	return filepath.Join(dir, name)
}

// child returns the inode of what a name finds.
func (n *node) child(ctx context.Context, name, found string, status *syscall.Stat_t, out *fuse.EntryOut) *fs.Inode {
	out.FromStat(status)
	stable := fs.StableAttr{Mode: status.Mode, Ino: status.Ino}
	if n.options.ManyInodes {
		if known := n.GetChild(name); known != nil && known.Operations().(*node).at() == found {
			return known
		}
		stable.Ino = 0 // a new one
	}
	return n.NewInode(ctx, &node{dir: found, options: n.options}, stable)
}

// Lookup implements fs.NodeLookuper.
func (n *node) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	found := n.find(name)
	var status syscall.Stat_t
	if err := syscall.Lstat(found, &status); err != nil {
		return nil, fs.ToErrno(err)
	}
	return n.child(ctx, name, found, &status, out), 0
}

// Getattr implements fs.NodeGetattrer.
func (n *node) Getattr(ctx context.Context, file fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	if open, ok := file.(fs.FileGetattrer); ok {
		return open.Getattr(ctx, out)
	}
	var status syscall.Stat_t
	if err := syscall.Lstat(n.at(), &status); err != nil {
		return fs.ToErrno(err)
	}
	out.FromStat(&status)
	return 0
}

// Setattr implements fs.NodeSetattrer.
func (n *node) Setattr(ctx context.Context, file fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if open, ok := file.(fs.FileSetattrer); ok {
		return open.Setattr(ctx, in, out)
	}
	if mode, ok := in.GetMode(); ok {
		if err := syscall.Chmod(n.at(), mode&0o7777); err != nil {
			return fs.ToErrno(err)
		}
	}
	if modified, ok := in.GetMTime(); ok {
		times := []unix.Timespec{{Nsec: unix.UTIME_OMIT}, unix.NsecToTimespec(modified.UnixNano())}
		if err := unix.UtimesNanoAt(unix.AT_FDCWD, n.at(), times, 0); err != nil {
			return fs.ToErrno(err)
		}
	}
	return n.Getattr(ctx, nil, out)
}

// Open implements fs.NodeOpener.
func (n *node) Open(_ context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	file, err := syscall.Open(n.at(), int(flags)&^syscall.O_APPEND|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, 0, fs.ToErrno(err)
	}
	return fs.NewLoopbackFile(file), 0, 0
}

// Create implements fs.NodeCreater.
func (n *node) Create(ctx context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	found := n.find(name)
	file, err := syscall.Open(found, int(flags)|syscall.O_CREAT|syscall.O_CLOEXEC, mode)
	if err != nil {
		return nil, nil, 0, fs.ToErrno(err)
	}
	var status syscall.Stat_t
	if err := syscall.Fstat(file, &status); err != nil {
		return nil, nil, 0, fs.ToErrno(err)
	}
	return n.child(ctx, name, found, &status, out), fs.NewLoopbackFile(file), 0, 0
}

// Mkdir implements fs.NodeMkdirer.
func (n *node) Mkdir(ctx context.Context, name string, mode uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	if err := syscall.Mkdir(n.find(name), mode); err != nil {
		return nil, fs.ToErrno(err)
	}
	return n.Lookup(ctx, name, out)
}

// Unlink implements fs.NodeUnlinker.
func (n *node) Unlink(_ context.Context, name string) syscall.Errno {
	return fs.ToErrno(syscall.Unlink(n.find(name)))
}

// Rmdir implements fs.NodeRmdirer.
func (n *node) Rmdir(_ context.Context, name string) syscall.Errno {
	return fs.ToErrno(syscall.Rmdir(n.find(name)))
}

// Rename implements fs.NodeRenamer.
func (n *node) Rename(_ context.Context, name string, to fs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	target := to.(*node).find(newName)
	if err := unix.Renameat2(unix.AT_FDCWD, n.find(name), unix.AT_FDCWD, target, uint(flags)); err != nil {
		return fs.ToErrno(err)
	}
	if child := n.GetChild(name); child != nil {
		moved := child.Operations().(*node)
		moved.mu.Lock()
		moved.dir = target
		moved.mu.Unlock()
	}
	return 0
}

// Readdir implements fs.NodeReaddirer.
func (n *node) Readdir(context.Context) (fs.DirStream, syscall.Errno) {
	return fs.NewLoopbackDirStream(n.at())
}

// Getxattr implements fs.NodeGetxattrer.
func (n *node) Getxattr(_ context.Context, name string, value []byte) (uint32, syscall.Errno) {
	size, err := unix.Lgetxattr(n.at(), name, value)
	if err != nil {
		return 0, fs.ToErrno(err)
	}
	return uint32(size), 0
}

// Setxattr implements fs.NodeSetxattrer.
func (n *node) Setxattr(_ context.Context, name string, value []byte, flags uint32) syscall.Errno {
	return fs.ToErrno(unix.Lsetxattr(n.at(), name, value, int(flags)))
}

// Statfs implements fs.NodeStatfser.
func (n *node) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	var status syscall.Statfs_t
	if err := syscall.Statfs(n.at(), &status); err != nil {
		return fs.ToErrno(err)
	}
	out.FromStatfsT(&status)
	return 0
}

// Fsync implements fs.NodeFsyncer. Tests need no durability.
func (n *node) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno { return 0 }
