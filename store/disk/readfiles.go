package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

var _ tranship.Reader = (*Files)(nil)

// Files are the files of a directory, for a program that only reads them. Any number of processes
// may have the Files of a directory open, also while one has the Store open, and also of a
// directory that is mounted read-only, such as a snapshot. The directory need not have a store: its
// files have the versions, checksums and metadata that their extended attributes say. Files are
// safe for concurrent use.
type Files struct {
	store *Store
	// state is the open state directory; nil if there is none.
	state *os.File
	lost  bool
}

// OpenFiles opens the Files of a directory, and changes nothing in it. The caller must call Close.
func OpenFiles(directory string) (_ *Files, err error) {
	system := realSystem()
	root, err := system.open(directory)
	if err != nil {
		return nil, fmt.Errorf("disk: %w", err)
	}
	f := &Files{store: &Store{
		options:     Options{Logger: slog.New(slog.DiscardHandler)},
		system:      system,
		root:        root,
		directories: rootfs.NewCache(root),
		keptNames:   newNameCache(time.Now),
		turns:       newTurns(),
	}}
	if err := f.open(directory); err != nil {
		return nil, errors.Join(fmt.Errorf("disk: %s: %w", directory, err), f.Close())
	}
	return f, nil
}

// open hides the state directory, and finds out whether the file system has extended attributes.
func (f *Files) open(directory string) error {
	top, err := os.Open(directory) //nolint:gosec // the caller has named it
	if err != nil {
		return err
	}
	_, err = rootfs.Getxattr(top, attributeName)
	if err := top.Close(); err != nil {
		return err
	}
	f.store.attributes = !errors.Is(err, errors.ErrUnsupported)
	f.state, err = os.Open(filepath.Join(directory, tranship.ReservedSegment)) //nolint:gosec // the caller has named it
	if errors.Is(err, fs.ErrNotExist) {
		f.state = nil
		return nil
	}
	if err != nil {
		return err
	}
	info, err := f.state.Stat()
	if err != nil {
		return err
	}
	f.store.root.HideFile(info)
	marker, err := os.Open(filepath.Join(directory, tranship.ReservedSegment, markerName)) //nolint:gosec // the caller has named it
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	kept, err := readMarker(marker, f.store.attributes)
	f.lost = !kept
	return errors.Join(err, marker.Close())
}

// LostAttributes reports whether the directory was copied without the extended attributes that it
// had: see Store.LostAttributes.
func (f *Files) LostAttributes() bool { return f.lost }

// Stat implements tranship.Reader.
func (f *Files) Stat(ctx context.Context, path string) (tranship.File, error) {
	return f.store.Stat(ctx, path)
}

// Open implements tranship.Reader.
func (f *Files) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	return f.store.Open(ctx, path, options)
}

// List implements tranship.Reader.
func (f *Files) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return f.store.List(ctx, options)
}

// Close closes the Files. Contents that are open stay open.
func (f *Files) Close() error {
	f.store.directories.Close()
	f.store.keptNames.close()
	var closed error
	if f.state != nil {
		closed = f.state.Close()
	}
	return errors.Join(closed, f.store.root.Close())
}
