package rootfs

import "os"

// Entries calls each for all entries of the directory, in no particular order, until each
// returns false. It has a few entries in memory at a time. Entries that are created or
// removed meanwhile may or may not be included. An entry whose type cannot be read does
// not end it: see Entry.IsUnknown.
func (d *Dir) Entries(each func(Entry) bool) error {
	// A separate descriptor, because reading moves its position. It is not opened by
	// os.Root, because package os would then call lstat for each entry too.
	file, err := d.openAt(".", os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	return relative("readdir", ".", readEntries(file, each))
}
