//go:build !linux

package rootfs

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"time"
)

// Elsewhere than on Linux the fallbacks are used: they are slower, not less safe.

func renameNoReplace(*Dir, string, *Dir, string) error { return errors.ErrUnsupported }

func (d *Dir) freeBytes() (int64, error) { return math.MaxInt64, nil }

func identity(fs.FileInfo) (inode uint64, changed int64) { return 0, 0 }

func (d *Dir) openAt(name string, flag int, mode fs.FileMode) (*os.File, error) {
	return d.root.OpenFile(name, flag, mode)
}

func chtimes(*os.File, time.Time) error { return errors.ErrUnsupported }

// systemMayFold is false only where Probe has shown it.
func (d *Dir) systemMayFold() bool { return !d.guard.foundExact(d.device()) }

type directoryID struct{}

func (d *Dir) locate(string) (id directoryID, ok bool) { return directoryID{}, false }

// Getxattr is errors.ErrUnsupported.
func Getxattr(*os.File, string) ([]byte, error) { return nil, errors.ErrUnsupported }

// Inspect is false.
func (d *Dir) Inspect(string, string) (fs.FileInfo, []byte, bool) { return nil, nil, false }

// Setxattr is errors.ErrUnsupported.
func Setxattr(*os.File, string, []byte) error { return errors.ErrUnsupported }

func writeAll(file *os.File, offset int64, pieces [][]byte) (n int, err error) {
	for _, piece := range pieces {
		m, err := file.WriteAt(piece, offset+int64(n))
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// IsExact is false: it is not known whether names in the directory are those of
// different files whenever their bytes differ.
func (d *Dir) IsExact() bool { return false }
