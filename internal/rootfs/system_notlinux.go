//go:build !linux

package rootfs

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"time"
)

// Systems other than Linux use the fallbacks, which are slower but not less safe.

func renameNoReplace(*Dir, string, *Dir, string) error { return errors.ErrUnsupported }

func (d *Dir) freeBytes() (int64, error) { return math.MaxInt64, nil }

func identity(fs.FileInfo) (inode uint64, changed int64) { return 0, 0 }

func (d *Dir) openAt(name string, flag int, mode fs.FileMode) (*os.File, error) {
	return d.root.OpenFile(name, flag, mode)
}

func chtimes(File, time.Time, time.Time) error { return errors.ErrUnsupported }

// AccessTime returns the zero time, because it is unknown.
func AccessTime(fs.FileInfo) time.Time { return time.Time{} }

// systemMayFold is true unless Probe found that names have one spelling.
func (d *Dir) systemMayFold() bool { return !d.guard.foundExact(d.device()) }

type directoryID struct{}

func (d *Dir) locate(string) (id directoryID, ok bool) { return directoryID{}, false }

// locations knows no location.
type locations struct{}

func newLocations(*Dir) *locations { return &locations{} }

func (*locations) of(string, directoryID) string { return "" }

func (*locations) link(*Dir) *Descriptor { return nil }

func (*locations) read(*Dir, *Descriptor, []byte) int { return 0 }

func (*locations) close() {}

// Getxattr returns errors.ErrUnsupported.
func Getxattr(File, string) ([]byte, error) { return nil, errors.ErrUnsupported }

// Setxattr returns errors.ErrUnsupported.
func Setxattr(File, string, []byte) error { return errors.ErrUnsupported }

func writeAll(file File, offset int64, pieces [][]byte) (n int, err error) {
	for _, piece := range pieces {
		m, err := file.WriteAt(piece, offset+int64(n))
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// IsExact reports false, because it is unknown whether names in the directory belong to
// different files whenever their bytes differ.
func (d *Dir) IsExact() bool { return false }

func punch(*os.File, int64, int64) error { return errors.ErrUnsupported }
