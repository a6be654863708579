//go:build !linux

package rootfs

import (
	"errors"
	"io"
	"os"
)

// entriesPiece is how many entries are read from the system in one call.
const entriesPiece = 256

// readEntries calls each for the entries of an open directory, until it returns false.
func readEntries(file *os.File, each func(Entry) bool) error {
	for {
		found, err := file.ReadDir(entriesPiece)
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
