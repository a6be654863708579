package rootfs

// Entries calls each for all entries of the directory, in no particular order, until each
// returns false. It has a few entries in memory at a time. Entries that are created or
// removed meanwhile may or may not be included. An entry whose type cannot be read does
// not end it: see Entry.IsUnknown.
func (d *Dir) Entries(each func(Entry) bool) error {
	// A separate descriptor, because reading moves its position.
	directory, err := d.openReader(".")
	if err != nil {
		return err
	}
	defer func() { _ = directory.Close() }() // it was only read from
	return relative("readdir", ".", directory.readEntries(each))
}

// DirReader is a directory that is open to be listed once, and to describe what is in it. Opening
// and closing it costs less than a Dir. The caller must close it. It is not safe for concurrent
// use.
type DirReader struct{ dirReader }

// OpenDirReader opens the directory at a path below d, "." for d itself, of which no part may be a
// link. When it fails, Walk gives the reason. Some systems cannot open a path at once, and always
// fail.
func (d *Dir) OpenDirReader(path string) (*DirReader, error) {
	opened, err := d.openReaderBelow(path)
	if err != nil {
		return nil, err
	}
	return &DirReader{opened}, nil
}

// ReadDir is Dir.ReadDir. It may be called once.
func (r *DirReader) ReadDir() ([]Entry, error) { return readAll(r.readEntries) }
