package location

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/tranship/tranship"
)

// maxLinks is how many symbolic links are followed in a row, as on Linux.
const maxLinks = 40

// errOpenFile is the error of a link that stands for a file which a process has open.
// That is where the system reads and writes, and not a name that a file can be put under.
var errOpenFile = fmt.Errorf("%w, and stands for an open file; use - and redirect the output", tranship.ErrExists)

// ErrNotDirectory is the error of what is named as a directory and is none.
var ErrNotDirectory = fmt.Errorf("%w, and is not a directory", tranship.ErrExists)

// LocalEntry is a file or directory of this machine: its name in the directory that it
// is in. That directory's name is as it was written: only the system knows where
// "link/.." leads to.
type LocalEntry struct {
	Directory, Name string
	// Info describes what is there, behind any links; nil if there is nothing.
	Info fs.FileInfo
}

// FindLocal finds what a name stands for. A symbolic link stands for what it points to,
// whether that is there or not. directory and name are set only if that is not a
// directory.
func FindLocal(name string) (LocalEntry, error) {
	for range maxLinks {
		name = trimSlashes(name)
		// The system decides whether a link may be followed.
		info, err := os.Stat(name)
		switch {
		case err == nil && info.IsDir():
			return LocalEntry{Info: info}, nil
		case errors.Is(err, syscall.ENOTDIR):
			return LocalEntry{}, ErrNotDirectory
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return LocalEntry{}, err
		}
		entry := LocalEntry{Info: info}
		if err != nil {
			entry.Info = nil
		}
		entry.Directory, entry.Name = splitLocal(name)
		if entry.Name == "." || entry.Name == ".." { // of a directory that is missing
			return LocalEntry{}, fmt.Errorf("there is no directory %s: %w", name, tranship.ErrNotFound)
		}
		points, err := os.Readlink(name)
		if err != nil {
			return entry, nil //nolint:nilerr // it is no link, or is not there
		}
		if isProcess(entry.Directory) {
			return LocalEntry{}, errOpenFile
		}
		if entry.Info == nil && trimSlashes(points) != points {
			return LocalEntry{}, fmt.Errorf("it points to %s, and there is no such directory: %w", points, tranship.ErrNotFound)
		}
		if filepath.IsAbs(points) {
			name = points
		} else {
			name = JoinLocal(entry.Directory, points)
		}
	}
	return LocalEntry{}, syscall.ELOOP
}

// splitLocal cuts a name without '/' at its end into its directory and what it is called
// there.
func splitLocal(name string) (directory, last string) {
	start := len(name)
	for start > len(filepath.VolumeName(name)) && !os.IsPathSeparator(name[start-1]) {
		start--
	}
	directory, last = name[:start], name[start:]
	if directory == filepath.VolumeName(name) {
		return directory + ".", last
	}
	return trimSlashes(directory), last
}

// JoinLocal is the name of what has a path, "" or separated by '/', below a directory.
// It leaves "link/.." to the system, unlike filepath.Join.
func JoinLocal(directory, path string) string {
	directory = tidyLocal(directory)
	switch {
	case path == "":
		return directory
	case directory == ".":
		return filepath.FromSlash(path)
	case os.IsPathSeparator(directory[len(directory)-1]): // the root
		return directory + filepath.FromSlash(path)
	}
	return directory + string(filepath.Separator) + filepath.FromSlash(path)
}

// tidyLocal removes what means nothing at the ends of a name: "./", "/." and "/". A
// relative name stays relative.
func tidyLocal(name string) string {
	for len(name) > 1 && name[0] == '.' && os.IsPathSeparator(name[1]) {
		rest := name[2:]
		for rest != "" && os.IsPathSeparator(rest[0]) { // ".//a" is not "/a"
			rest = rest[1:]
		}
		if rest == "" {
			return "."
		}
		name = rest
	}
	name = trimSlashes(name)
	for len(name) > 1 && name[len(name)-1] == '.' && os.IsPathSeparator(name[len(name)-2]) {
		name = trimSlashes(name[:len(name)-1])
	}
	return name
}

// trimSlashes removes the separators at the end of a name, but not the root's.
func trimSlashes(name string) string {
	for len(name) > len(filepath.VolumeName(name))+1 && os.IsPathSeparator(name[len(name)-1]) {
		name = name[:len(name)-1]
	}
	return name
}
