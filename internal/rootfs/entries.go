package rootfs

import (
	"errors"
	"io"
	"os"
)

// entriesPiece is how many entries are read from the system at once.
const entriesPiece = 256

// Entries calls each for all that is in the directory, in no order, until each returns
// false. It has a few entries in memory at a time. What is created or removed meanwhile
// may be missing or not.
func (d *Dir) Entries(each func(Entry) bool) error {
	// A descriptor of its own, because reading moves its position. Of one that os.Root
	// has opened, os would look at each entry, too.
	file, err := d.openAt(".", os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	for {
		found, err := file.ReadDir(entriesPiece)
		for _, entry := range found {
			if !each(Entry{entry.Name(), entry.Type()}) {
				return nil
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return relative("readdir", ".", err)
		}
	}
}
