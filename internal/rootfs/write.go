package rootfs

import "os"

// WriteAt writes pieces one behind the other, the first at offset; where the system
// can, all at once. n bytes, from the first on, were written, all unless there is an
// error.
func WriteAt(file *os.File, offset int64, pieces ...[]byte) (n int, err error) {
	if len(pieces) > 1 {
		return writeAll(file, offset, pieces)
	}
	for _, piece := range pieces {
		return file.WriteAt(piece, offset)
	}
	return 0, nil
}
