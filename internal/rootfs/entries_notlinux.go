//go:build !linux

package rootfs

import (
	"errors"
	"io"
	"os"
)

// entriesPiece is how many entries are read from the system in one call.
const entriesPiece = 256

// dirReader is a directory that is open to be listed.
type dirReader struct{ file *os.File }

// openReader opens the directory called name, "." for d itself. It is not opened by os.Root,
// because package os would then call lstat for each entry.
func (d *Dir) openReader(name string) (dirReader, error) {
	file, err := d.openAt(name, os.O_RDONLY, 0)
	return dirReader{file}, err
}

func (d *Dir) openReaderBelow(string) (dirReader, error) { return dirReader{}, errors.ErrUnsupported }

// Status returns errors.ErrUnsupported.
func (r dirReader) Status(string) (Status, error) { return Status{}, errors.ErrUnsupported }

// Close closes the directory.
func (r dirReader) Close() error { return r.file.Close() }

// readEntries calls each for the entries of the directory, until it returns false.
func (r dirReader) readEntries(each func(Entry) bool) error {
	for {
		found, err := r.file.ReadDir(entriesPiece)
		for _, entry := range found {
			if !each(Entry{name: entry.Name(), kind: entry.Type()}) {
				return nil
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
