package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// The raw protocol is a minimal one. For each file it has the path, with its length in
// two bytes, the size in eight, and the content. An empty path ends it.

// rawBuffer is the size of all buffers.
const rawBuffer = 1 << 20

// plainReader and plainWriter hide the other methods of a file or connection. Otherwise
// io.Copy would let the kernel copy, which a protocol that processes its bytes cannot do.
type (
	plainReader struct{ io.Reader }
	plainWriter struct{ io.Writer }
)

// sendTree sends the file or directory at local as remote.
func sendTree(to *bufio.Writer, local, remote string) error {
	buffer := make([]byte, rawBuffer)
	err := filepath.WalkDir(local, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		below, err := filepath.Rel(local, name)
		if err != nil {
			return err
		}
		return sendFile(to, name, filepath.ToSlash(filepath.Join(remote, below)), buffer)
	})
	if err != nil {
		return err
	}
	if err := writePath(to, ""); err != nil {
		return err
	}
	return to.Flush()
}

func sendFile(to *bufio.Writer, local, remote string, buffer []byte) error {
	file, err := os.Open(local)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if err := writePath(to, remote); err != nil {
		return err
	}
	if err := binary.Write(to, binary.BigEndian, info.Size()); err != nil {
		return err
	}
	// A larger file would only be copied through the buffer.
	if info.Size() >= rawBuffer {
		if err := to.Flush(); err != nil {
			return err
		}
	}
	_, err = io.CopyBuffer(plainWriter{to}, plainReader{io.LimitReader(file, info.Size())}, buffer)
	return err
}

// receiveTree writes what is sent to files below root.
func receiveTree(from *bufio.Reader, root string, durable bool) error {
	buffer := make([]byte, rawBuffer)
	made := map[string]bool{}
	for {
		name, err := readPath(from)
		if err != nil {
			return err
		}
		if name == "" {
			break
		}
		name = filepath.Join(root, name)
		if dir := filepath.Dir(name); !made[dir] {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			made[dir] = true
		}
		if err := receiveFile(from, name, durable, buffer); err != nil {
			return err
		}
	}
	if !durable {
		return nil
	}
	for dir := range made {
		if err := syncDirectory(dir); err != nil {
			return err
		}
	}
	return nil
}

func receiveFile(from *bufio.Reader, name string, durable bool, buffer []byte) error {
	var size int64
	if err := binary.Read(from, binary.BigEndian, &size); err != nil {
		return err
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	n, err := io.CopyBuffer(plainWriter{file}, plainReader{io.LimitReader(from, size)}, buffer)
	if err == nil && n < size {
		err = fmt.Errorf("%s: %w", name, io.ErrUnexpectedEOF)
	}
	if err == nil && durable {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

func syncDirectory(name string) error {
	dir, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func writePath(to *bufio.Writer, name string) error {
	if err := binary.Write(to, binary.BigEndian, uint16(len(name))); err != nil {
		return err
	}
	_, err := to.WriteString(name)
	return err
}

func readPath(from *bufio.Reader) (string, error) {
	var length uint16
	if err := binary.Read(from, binary.BigEndian, &length); err != nil {
		return "", err
	}
	name := make([]byte, length)
	if _, err := io.ReadFull(from, name); err != nil {
		return "", err
	}
	if length > 0 && !filepath.IsLocal(string(name)) {
		return "", fmt.Errorf("%q leads out of the root", name)
	}
	return string(name), nil
}
