package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tranship/tranship/cmd/tranship/internal/copycmd"
)

// readyFile is the file of --ready-file.
type readyFile struct {
	name string
	// info describes the file that write has made, and content is what the file has; nil
	// before.
	info    fs.FileInfo
	content []byte
}

// aliveTimeout is how long removeStale waits for the server of a ready file to accept a
// connection. A port of this machine answers at once.
const aliveTimeout = time.Second

// removeStale removes the file of an earlier server that was killed, so that no program takes
// it for that of this server. It leaves the file of a server that still runs: this one may
// fail to start, because the other has its address.
func (r *readyFile) removeStale() error {
	if r.name == "" {
		return nil
	}
	info, err := os.Lstat(r.name)
	if err == nil && info.Mode().IsRegular() && !r.isServed() {
		err = os.Remove(r.name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return r.explain(err)
}

// isServed reports whether a server accepts connections at the address in the file.
func (r *readyFile) isServed() bool {
	file, err := os.Open(r.name)
	if err != nil {
		return false
	}
	const longest = 1 << 10 // more than any address
	content, err := io.ReadAll(io.LimitReader(file, longest))
	if errors.Join(err, file.Close()) != nil {
		return false
	}
	conn, err := net.DialTimeout("tcp", strings.TrimSpace(string(content)), aliveTimeout)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// write writes the address to the file. It writes another file and renames it, so that a
// reader never sees half of it.
func (r *readyFile) write(address string) error {
	if r.name == "" {
		return nil
	}
	temporary, err := os.CreateTemp(filepath.Dir(r.name), ".ready-*")
	if err != nil {
		return r.explain(err)
	}
	r.content = []byte(address + "\n")
	_, err = temporary.Write(r.content)
	err = errors.Join(err, temporary.Chmod(0o644))
	if err == nil {
		r.info, err = temporary.Stat()
	}
	err = errors.Join(err, temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), r.name)
	}
	if err != nil {
		r.info = nil
		_ = os.Remove(temporary.Name())
	}
	return r.explain(err)
}

// remove removes the file that write has made. It leaves the file of another server, which
// was started before this one has stopped.
func (r *readyFile) remove() error {
	if r.info == nil {
		return nil
	}
	own, err := r.isOwn()
	if err == nil && own {
		err = os.Remove(r.name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return r.explain(err)
}

// isOwn reports whether the file is the one that write has made. A later file may have got
// the same inode.
func (r *readyFile) isOwn() (bool, error) {
	info, err := os.Lstat(r.name)
	if err != nil || !os.SameFile(info, r.info) || !info.ModTime().Equal(r.info.ModTime()) {
		return false, err
	}
	content, err := os.ReadFile(r.name)
	return bytes.Equal(content, r.content), err
}

func (r *readyFile) explain(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("--ready-file %s: %w", r.name, copycmd.LocalError(err))
}
