package rootfs

import (
	"bytes"
	"encoding/binary"
	"io/fs"

	"golang.org/x/sys/unix"
)

// entriesBytes is how much of a directory is read from the system at once: up to some
// 250 entries.
const entriesBytes = 8 << 10

// dirReader is the descriptor of a directory.
type dirReader struct{ number int }

// openReader opens the directory called name, "." for d itself. It is not opened by os.Root,
// because package os would then make more system calls for the directory, and one for each entry.
func (d *Dir) openReader(name string) (dirReader, error) {
	opened, err := d.openDescriptor(name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	return dirReader{opened}, relative("open", name, err)
}

func (d *Dir) openReaderBelow(path string) (dirReader, error) {
	opened, err := d.openBelow(path, unix.O_DIRECTORY)
	return dirReader{opened}, err
}

// Status describes the file, directory or link called name, as Dir.Status does.
func (r dirReader) Status(name string) (Status, error) {
	if err := checkSegment("lstat", name); err != nil {
		return Status{}, err
	}
	status, err := r.lstat(name)
	if err != nil {
		return Status{}, relative("lstat", name, err)
	}
	return statusOf(&status), nil
}

func (r dirReader) lstat(name string) (status unix.Stat_t, err error) {
	err = retry(func() error { return unix.Fstatat(r.number, name, &status, unix.AT_SYMLINK_NOFOLLOW) })
	return status, err
}

// Close closes the directory.
func (r dirReader) Close() error { return unix.Close(r.number) }

// readEntries calls each for the entries of the directory, until it returns false. On a file
// system that does not list types, os.File.ReadDir would end at the first entry that it cannot
// lstat.
func (r dirReader) readEntries(each func(Entry) bool) error {
	buffer := make([]byte, entriesBytes)
	for {
		n := 0
		err := retry(func() (err error) {
			n, err = unix.Getdents(r.number, buffer)
			return err
		})
		if err != nil || n <= 0 {
			return err
		}
		records := dirents{buffer[:n], func(name string) (uint32, error) {
			status, err := r.lstat(name)
			return status.Mode, err
		}}
		if !records.each(each) {
			return nil
		}
	}
}

// The layout of struct linux_dirent64: see getdents64(2).
const (
	direntLength = 16
	direntType   = 18
	direntName   = 19
)

// dirents are records as the system returns them, and the lstat of an entry.
type dirents struct {
	records []byte
	mode    func(name string) (uint32, error)
}

// each calls do for the entries until do returns false, and returns its last result.
func (d dirents) each(do func(Entry) bool) bool {
	for records := d.records; len(records) > direntName; {
		length := int(binary.NativeEndian.Uint16(records[direntLength:]))
		if length <= direntName || length > len(records) {
			return true
		}
		name, _, _ := bytes.Cut(records[direntName:length], []byte{0})
		kind := uint32(records[direntType])
		records = records[length:]
		if string(name) == "." || string(name) == ".." {
			continue
		}
		entry, exists := d.entry(string(name), kind)
		if exists && !do(entry) {
			return false
		}
	}
	return true
}

// entry returns an entry with a type of the system: DT_REG, or unix.S_IFREG without its
// trailing zeros.
func (d dirents) entry(name string, kind uint32) (entry Entry, exists bool) {
	if kind == unix.DT_UNKNOWN {
		mode, err := d.mode(name)
		if err == unix.ENOENT { // removed meanwhile
			return Entry{}, false
		}
		if err != nil {
			return UnknownEntry(name), true
		}
		kind = mode & unix.S_IFMT >> 12
	}
	return Entry{name: name, kind: typeOf(kind)}, true
}

func typeOf(kind uint32) fs.FileMode {
	switch kind {
	case unix.DT_REG:
		return 0
	case unix.DT_DIR:
		return fs.ModeDir
	case unix.DT_LNK:
		return fs.ModeSymlink
	case unix.DT_FIFO:
		return fs.ModeNamedPipe
	case unix.DT_SOCK:
		return fs.ModeSocket
	case unix.DT_BLK:
		return fs.ModeDevice
	case unix.DT_CHR:
		return fs.ModeDevice | fs.ModeCharDevice
	default:
		return fs.ModeIrregular
	}
}
