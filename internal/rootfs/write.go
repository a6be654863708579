package rootfs

import "os"

// WriteAt writes pieces consecutively, the first at offset, in one system call where
// possible. It returns the number of bytes written from the start; without an error that
// is all of them.
func WriteAt(file File, offset int64, pieces ...[]byte) (n int, err error) {
	if len(pieces) > 1 {
		return writeAll(file, offset, pieces)
	}
	for _, piece := range pieces {
		return file.WriteAt(piece, offset)
	}
	return 0, nil
}

// zeroBytes is how many zero bytes Clear writes at once.
const zeroBytes = 1 << 20

// Clear makes a range of a file read as zeros. It leaves a hole if the file system can, and
// otherwise writes zeros, up to the end of the file. The size of the file stays as it is.
func Clear(file *os.File, offset, length int64) error {
	if length <= 0 || punch(file, offset, length) == nil {
		return nil
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	end := min(offset+length, info.Size())
	zeros := make([]byte, max(min(end-offset, zeroBytes), 0))
	for offset < end {
		n, err := file.WriteAt(zeros[:min(end-offset, zeroBytes)], offset)
		if err != nil {
			return err
		}
		offset += int64(n)
	}
	return nil
}
