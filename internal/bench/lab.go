package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// lab is the state that all cases share.
type lab struct {
	options
	self string // This program.
	log  io.Writer
	// dir is the directory of all files of the run.
	dir    string
	source source
	keys   keyPair
	// close removes dir.
	close func() error
}

func openLab(o options, log io.Writer) (_ *lab, err error) {
	l := &lab{options: o, log: log}
	if l.self, err = os.Executable(); err != nil {
		return nil, err
	}
	// The path must be absolute, because servers have other working directories.
	if l.binary, err = filepath.Abs(o.binary); err != nil {
		return nil, err
	}
	if _, err := os.Stat(l.binary); err != nil {
		return nil, fmt.Errorf("%w: make build", err)
	}
	if err := l.makeDir(); err != nil {
		return nil, err
	}
	l.source, err = makeSource(filepath.Join(l.dir, "source"), o)
	if err == nil {
		l.keys, err = makeKeyPair(l.dir)
	}
	if err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

// makeDir creates dir.
func (l *lab) makeDir() error {
	dir, err := filepath.Abs(l.options.dir)
	if err != nil {
		return err
	}
	if dir, err = os.MkdirTemp(dir, "tranship-bench-"); err != nil {
		return err
	}
	l.dir, l.close = dir, func() error { return os.RemoveAll(dir) }
	if l.disk == 0 {
		return nil
	}
	mounted, remove, err := mountDisk(dir, l.disk)
	l.dir = mounted
	l.close = func() error {
		if err := remove(); err != nil {
			return err // Keep the directory, which has a file system mounted.
		}
		return os.RemoveAll(dir)
	}
	if err != nil {
		return errors.Join(err, l.close())
	}
	return nil
}
