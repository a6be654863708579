package rootfs

import (
	"encoding/binary"
	"io/fs"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// dirent appends a record as getdents64 writes them, with a length that is a multiple
// of 8.
func dirent(records []byte, kind byte, name string) []byte {
	record := make([]byte, (direntName+len(name)+8)&^7)
	binary.NativeEndian.PutUint16(record[direntLength:], uint16(len(record)))
	record[direntType] = kind
	copy(record[direntName:], name)
	return append(records, record...)
}

// TestDirents reads a directory that lists no types, with an entry that cannot be
// lstatted.
func TestDirents(t *testing.T) {
	var records []byte
	for _, name := range []string{".", "..", "dir", "gone", "stale", "file", "link", "pipe"} {
		records = dirent(records, unix.DT_UNKNOWN, name)
	}
	records = dirent(records, unix.DT_DIR, "told")
	modes := map[string]uint32{"dir": unix.S_IFDIR | 0o700, "file": unix.S_IFREG | 0o4644, "link": unix.S_IFLNK | 0o777, "pipe": unix.S_IFIFO}
	look := func(name string) (uint32, error) {
		switch mode, ok := modes[name]; {
		case ok:
			return mode, nil
		case name == "gone":
			return 0, unix.ENOENT
		default:
			return 0, unix.ESTALE
		}
	}
	want := []Entry{
		{name: "dir", kind: fs.ModeDir},
		UnknownEntry("stale"),
		{name: "file"},
		{name: "link", kind: fs.ModeSymlink},
		{name: "pipe", kind: fs.ModeNamedPipe},
		{name: "told", kind: fs.ModeDir},
	}
	// A record that is cut off, or that claims to be longer than it is, ends them.
	for _, records := range [][]byte{records, append(slices.Clone(records), 1, 2, 3), append(slices.Clone(records), make([]byte, 40)...)} {
		var got []Entry
		if !(dirents{records, look}).each(func(e Entry) bool { got = append(got, e); return true }) || !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	n := 0
	if (dirents{records, look}).each(func(Entry) bool { n++; return n < 2 }) || n != 2 {
		t.Errorf("did not stop: %d entries", n)
	}
}
