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
	// dir is the directory of all files of the run, except those of durable cases, which
	// are in diskDir.
	dir, diskDir string
	source       source
	keys         keyPair
	// close removes both directories.
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
	if err := l.makeDirs(); err != nil {
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

// makeDirs creates dir and diskDir.
func (l *lab) makeDirs() (err error) {
	if l.dir, err = makeDir(l.options.dir); err != nil {
		return err
	}
	l.close = func() error { return os.RemoveAll(l.dir) }
	durable, err := makeDir(l.durableDir)
	if err != nil {
		return errors.Join(err, l.close())
	}
	l.diskDir = durable
	l.close = func() error { return errors.Join(os.RemoveAll(l.dir), os.RemoveAll(durable)) }
	if l.disk == 0 {
		return nil
	}
	mounted, unmount, err := mountDisk(durable, l.disk)
	l.diskDir = mounted
	l.close = func() error {
		err := os.RemoveAll(l.dir)
		if failed := unmount(); failed != nil {
			return errors.Join(err, failed) // Keep the directory, which has a file system mounted.
		}
		return errors.Join(err, os.RemoveAll(durable))
	}
	if err != nil {
		return errors.Join(err, l.close())
	}
	return nil
}

// makeDir creates a directory for a run.
func makeDir(parent string) (string, error) {
	parent, err := filepath.Abs(parent)
	if err != nil {
		return "", err
	}
	return os.MkdirTemp(parent, "tranship-bench-")
}

// caseDir returns the directory of the files of a case.
func (l *lab) caseDir(c benchCase) string {
	if c.durable {
		return filepath.Join(l.diskDir, c.name)
	}
	return filepath.Join(l.dir, c.name)
}
