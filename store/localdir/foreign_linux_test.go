package localdir_test

import (
	"context"
	"io/fs"
	"os"
	"syscall"
	"testing"
	"time"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/internal/testing/fusemount"
	"github.com/tranship/tranship/store/localdir"
)

// foreignNode is a file or directory of a file system that gives all files to another
// user and to everyone's use, as FAT and NTFS are often mounted.
type foreignNode struct{ *fusefs.LoopbackNode }

var _ fusefs.NodeWrapChilder = (*foreignNode)(nil)

// WrapChild makes what is below such a node one, too.
func (n *foreignNode) WrapChild(_ context.Context, child fusefs.InodeEmbedder) fusefs.InodeEmbedder {
	return &foreignNode{child.(*fusefs.LoopbackNode)}
}

func foreign(attr *fuse.Attr) {
	attr.Owner = fuse.Owner{Uid: otherUser, Gid: otherUser}
	attr.Mode |= 0o777
}

func (n *foreignNode) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fusefs.Inode, syscall.Errno) {
	inode, err := n.LoopbackNode.Lookup(ctx, name, out)
	foreign(&out.Attr)
	return inode, err
}

func (n *foreignNode) Create(ctx context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (*fusefs.Inode, fusefs.FileHandle, uint32, syscall.Errno) {
	inode, handle, open, err := n.LoopbackNode.Create(ctx, name, flags, mode, out)
	foreign(&out.Attr)
	return inode, handle, open, err
}

func (n *foreignNode) Getattr(ctx context.Context, handle fusefs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	err := n.LoopbackNode.Getattr(ctx, handle, out)
	foreign(&out.Attr)
	return err
}

// Setattr lets this user change the size alone.
func (n *foreignNode) Setattr(ctx context.Context, handle fusefs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if in.Valid&(fuse.FATTR_MODE|fuse.FATTR_MTIME) != 0 {
		return syscall.EPERM
	}
	err := n.LoopbackNode.Setattr(ctx, handle, in, out)
	foreign(&out.Attr)
	return err
}

// mountForeign mounts such a file system, and skips the test where it cannot.
func mountForeign(t *testing.T) string {
	t.Helper()
	root := &fusefs.LoopbackRoot{Path: t.TempDir()}
	at := t.TempDir()
	fusemount.Mount(t, &foreignNode{&fusefs.LoopbackNode{RootData: root}}, at, "foreign")
	return at
}

// Where all files are another user's, who alone may set their mode and time, they are
// written, and what this user has kept of one is gone on with.
func TestDirOnForeignFileSystem(t *testing.T) {
	name := mountForeign(t)
	attributes := tranship.Attributes{Mode: new(fs.FileMode(0o640)), ModTime: new(time.Unix(1_000_000_000, 0))}
	dir := openDir(t, name)
	if _, err := dir.Put(t.Context(), tranship.Spec{Path: "put", Attributes: attributes}, filetest.Random(10)); err != nil {
		t.Errorf("Put: %v", err)
	}
	const size = 2 * localdir.LeastPart
	data := filetest.Random(size)
	spec := tranship.Spec{Path: "large", Size: new(int64(size)), ResumeKey: "key", Attributes: attributes}
	upload, err := dir.Begin(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	// A process that ends with a file open on a file system of its own never ends.
	t.Cleanup(func() {
		if upload != nil {
			_ = upload.Abort(context.Background())
		}
	})
	writePart(t, upload, 0, data)
	if err := upload.Detach(t.Context()); err != nil {
		t.Fatal(err)
	}
	dir = openDir(t, name)
	if upload, err = dir.Begin(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	if kept := upload.Durable(); len(kept) != 1 {
		t.Errorf("%d parts are kept, want 1", len(kept))
		writePart(t, upload, 0, data)
	}
	writePart(t, upload, 1, data)
	if _, err := upload.Commit(t.Context(), tranship.Commit{Size: size}); err != nil {
		t.Fatal(err)
	}
	filetest.MustHave(t, dir, "put", filetest.Random(10))
	filetest.MustHave(t, dir, "large", data)
	if got := filetest.Names(t, name); len(got) != 2 {
		t.Errorf("there are %q", got)
	}
}

// writePart writes a part of least size.
func writePart(t *testing.T, upload tranship.Upload, n int, data []byte) {
	t.Helper()
	part, err := upload.Part(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	piece := data[n*localdir.LeastPart : (n+1)*localdir.LeastPart]
	if _, err := part.Write(piece); err != nil {
		t.Fatal(err)
	}
	if err := part.Close(); err != nil {
		t.Fatal(err)
	}
}

// uncounted is a file of which the file system does not count the names.
type uncounted struct{ fs.FileInfo }

func (u uncounted) Sys() any {
	status := *u.FileInfo.Sys().(*syscall.Stat_t)
	status.Nlink = 0
	return &status
}

func TestIsPrivateWithoutLinks(t *testing.T) {
	name := t.TempDir()
	filetest.Write(t, name+"/f", nil)
	info, err := os.Lstat(name + "/f")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := rootfs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if !localdir.IsPrivate(dir, uncounted{info}) {
		t.Error("it is not")
	}
}
