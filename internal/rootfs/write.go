package rootfs

import "os"

// WriteAt writes pieces consecutively, the first at offset, in one system call where
// possible. It returns the number of bytes written from the start; without an error that
// is all of them.
func WriteAt(file *os.File, offset int64, pieces ...[]byte) (n int, err error) {
	if len(pieces) > 1 {
		return writeAll(file, offset, pieces)
	}
	for _, piece := range pieces {
		return file.WriteAt(piece, offset)
	}
	return 0, nil
}
