//go:build linux

package oddfs

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"

	"github.com/tranship/tranship/internal/testing/fusemount"
)

// Options are the properties of a file system. The zero value is one like ext4.
type Options struct {
	// Unit is the unit to which modified times are rounded down; 0 means that they are exact.
	Unit time.Duration
	// IgnoreLoneTime ignores a modified time that is set without an access time.
	IgnoreLoneTime bool
	// Times is the answer to each change of a modified time, and Modes to each change of a
	// mode. SyncDir is the answer to each sync of a directory. Links is the answer to each
	// new link. 0 means success.
	Times, Modes, SyncDir, Links syscall.Errno
	// NoAttributes means that there are no extended attributes.
	NoAttributes bool
	// NoSize means that the size of the file system is unknown.
	NoSize bool
}

// Mount mounts such a file system, with the files of the directory files, at the directory at
// until the test ends. It skips the test if that is not possible.
func Mount(t testing.TB, files, at string, options Options) {
	t.Helper()
	var status syscall.Stat_t
	if err := syscall.Stat(files, &status); err != nil {
		t.Fatal(err)
	}
	root := &fs.LoopbackRoot{Path: files, Dev: uint64(status.Dev)} //nolint:unconvert // another type elsewhere
	top := &node{&fs.LoopbackNode{RootData: root}, options}
	root.RootNode = top
	fusemount.Mount(t, top, at, "oddfs")
}

// node is a file or directory.
type node struct {
	*fs.LoopbackNode
	options Options
}

// WrapChild implements fs.NodeWrapChilder.
func (n *node) WrapChild(_ context.Context, child fs.InodeEmbedder) fs.InodeEmbedder {
	return &node{child.(*fs.LoopbackNode), n.options}
}

// Setattr implements fs.NodeSetattrer.
func (n *node) Setattr(ctx context.Context, file fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if _, sets := in.GetMode(); sets && n.options.Modes != 0 {
		return n.options.Modes
	}
	if modified, sets := in.GetMTime(); sets {
		if n.options.Times != 0 {
			return n.options.Times
		}
		if _, both := in.GetATime(); !both && n.options.IgnoreLoneTime {
			in.Valid &^= fuse.FATTR_MTIME
		}
		if n.options.Unit > 0 {
			modified = modified.Truncate(n.options.Unit)
			in.Mtime, in.Mtimensec = uint64(modified.Unix()), uint32(modified.Nanosecond())
		}
	}
	return n.LoopbackNode.Setattr(ctx, file, in, out)
}

// OpendirHandle implements fs.NodeOpendirHandler.
func (n *node) OpendirHandle(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	handle, fuseFlags, errno := n.LoopbackNode.OpendirHandle(ctx, flags)
	if errno != 0 {
		return nil, 0, errno
	}
	return &directory{handle.(stream), n.options.SyncDir}, fuseFlags, 0
}

// stream is an open directory.
type stream interface {
	fs.FileReaddirenter
	fs.FileReleasedirer
	fs.FileSeekdirer
}

type directory struct {
	stream
	sync syscall.Errno
}

// Fsyncdir implements fs.FileFsyncdirer. Tests need no durability.
func (d *directory) Fsyncdir(context.Context, uint32) syscall.Errno { return d.sync }

// Fsync implements fs.NodeFsyncer. Tests need no durability.
func (n *node) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno { return 0 }

// Link implements fs.NodeLinker.
func (n *node) Link(ctx context.Context, target fs.InodeEmbedder, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	if n.options.Links != 0 {
		return nil, n.options.Links
	}
	return n.LoopbackNode.Link(ctx, target, name, out)
}

// Getxattr implements fs.NodeGetxattrer.
func (n *node) Getxattr(ctx context.Context, name string, value []byte) (uint32, syscall.Errno) {
	if n.options.NoAttributes {
		return 0, syscall.ENOTSUP
	}
	return n.LoopbackNode.Getxattr(ctx, name, value)
}

// Setxattr implements fs.NodeSetxattrer.
func (n *node) Setxattr(ctx context.Context, name string, value []byte, flags uint32) syscall.Errno {
	if n.options.NoAttributes {
		return syscall.ENOTSUP
	}
	return n.LoopbackNode.Setxattr(ctx, name, value, flags)
}

// Statfs implements fs.NodeStatfser.
func (n *node) Statfs(ctx context.Context, out *fuse.StatfsOut) syscall.Errno {
	if n.options.NoSize {
		return 0
	}
	return n.LoopbackNode.Statfs(ctx, out)
}
