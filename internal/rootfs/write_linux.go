package rootfs

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// mostPieces is how many pieces Linux takes in one call (IOV_MAX, see writev(2)).
const mostPieces = 1024

func writeAll(file File, offset int64, pieces [][]byte) (n int, err error) {
	for len(pieces) > 0 {
		group := pieces[:min(len(pieces), mostPieces)]
		pieces = pieces[len(group):]
		m, err := writeGroup(file, offset+int64(n), group)
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// writeGroup writes pieces with pwritev. What a call does not write is written one piece
// at a time.
func writeGroup(file File, offset int64, pieces [][]byte) (n int, err error) {
	err = control(file, func(descriptor int) error {
		return retry(func() (err error) {
			n, err = unix.Pwritev(descriptor, pieces, offset)
			return err
		})
	})
	n = max(n, 0)
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		err = nil
	}
	if err != nil {
		return n, &os.PathError{Op: "write", Path: file.Name(), Err: err}
	}
	written := n
	for _, piece := range pieces {
		if written >= len(piece) {
			written -= len(piece)
			continue
		}
		m, err := file.WriteAt(piece[written:], offset+int64(n))
		n += m
		if err != nil {
			return n, err
		}
		if m == 0 {
			return n, io.ErrShortWrite
		}
		written = 0
	}
	return n, nil
}

// punch deallocates a range of a file, which then reads as zeros.
func punch(file *os.File, offset, length int64) error {
	return control(file, func(descriptor int) error {
		return retry(func() error {
			return unix.Fallocate(descriptor, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, offset, length)
		})
	})
}
