package rootfs

import "os"

// Entries calls each for all that is in the directory, in no order, until each returns
// false. It has a few entries in memory at a time. What is created or removed meanwhile
// may be missing or not. It goes on past what cannot be looked at: see Entry.IsUnknown.
func (d *Dir) Entries(each func(Entry) bool) error {
	// A descriptor of its own, because reading moves its position. Of one that os.Root
	// has opened, os would look at each entry, too.
	file, err := d.openAt(".", os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	return relative("readdir", ".", readEntries(file, each))
}
