package rootfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// ObstacleError reports that something other than the expected directory or regular file
// is at a path. A reader may treat that as a missing file; for a writer it is a failure.
// It matches neither fs.ErrNotExist nor fs.ErrExist, so that callers decide.
type ObstacleError struct {
	// Path is the path of the obstacle.
	Path string
	// Mode is the obstacle's mode. It may be that of a regular file or a directory.
	Mode fs.FileMode
	// Hidden is whether a guarded tree hides the obstacle.
	Hidden bool
}

// Error implements error: "a/b is a symbolic link".
func (e *ObstacleError) Error() string {
	kind := "a special file"
	switch {
	case e.Hidden:
		kind = "in use by the program itself"
	case e.Mode.IsRegular():
		kind = "a file"
	case e.Mode.IsDir():
		kind = "a directory"
	case e.Mode&fs.ModeSymlink != 0:
		kind = "a symbolic link"
	}
	return fmt.Sprintf("%s is %s", e.Path, kind)
}

// IsAbsent reports whether an error means that there is no file to read: it is
// fs.ErrNotExist, an *ObstacleError or a *SpellingError.
func IsAbsent(err error) bool {
	_, obstacle := errors.AsType[*ObstacleError](err)
	_, spelling := errors.AsType[*SpellingError](err)
	return obstacle || spelling || errors.Is(err, fs.ErrNotExist)
}

// Cause returns the operating system's error without the operation and the names that
// package os added.
func Cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*os.SyscallError](err); ok {
		return e.Err
	}
	return err
}

// relative replaces the name in an error, because that may be absolute.
func relative(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: name, Err: Cause(err)}
}

// At returns an error of one step of a walk with the path of that step.
func At(path string, err error) error {
	if e, ok := errors.AsType[*ObstacleError](err); ok {
		return &ObstacleError{Path: path, Mode: e.Mode, Hidden: e.Hidden}
	}
	if e, ok := errors.AsType[*SpellingError](err); ok {
		stored := e.Stored
		if directory, _ := Split(path); stored != "" && directory != "" {
			stored = directory + "/" + stored
		}
		return &SpellingError{Path: path, Stored: stored}
	}
	return relative("open", path, err)
}
