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

// maxLinks is the number of symbolic links that are followed in a row, as on Linux.
const maxLinks = 40

// errOpenFile is the error of a link in /proc to a file that a process has open. A file
// cannot be created under such a name.
var errOpenFile = fmt.Errorf("%w, and stands for an open file; use - and redirect the output", tranship.ErrExists)

// ErrNotDirectory is the error of a name that needs to be, but is not, a directory.
var ErrNotDirectory = fmt.Errorf("%w, and is not a directory", tranship.ErrExists)

// LocalEntry is a file or directory of this machine: its directory, and its name there.
// Directory is not cleaned: only the system knows what "link/.." is.
type LocalEntry struct {
	Directory, Name string
	// Info describes the file or directory, behind any links; nil if it does not exist.
	Info fs.FileInfo
}

// FindLocal resolves a name. A symbolic link stands for its target, even if that does not
// exist. Directory and Name are set only if the name does not stand for a directory.
func FindLocal(name string) (LocalEntry, error) {
	for range maxLinks {
		name = trimSlashes(name)
		// Stat lets the system decide whether a link may be followed.
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
			return entry, nil //nolint:nilerr // name is not a link, or does not exist
		}
		if isProcess(entry.Directory) {
			return LocalEntry{}, errOpenFile
		}
		if entry.Info == nil && trimSlashes(points) != points {
			return LocalEntry{}, fmt.Errorf("it is a link to %s, and that directory does not exist: %w", points, tranship.ErrNotFound)
		}
		if filepath.IsAbs(points) {
			name = points
		} else {
			name = JoinLocal(entry.Directory, points)
		}
	}
	return LocalEntry{}, syscall.ELOOP
}

// splitLocal splits a name without '/' at its end into its directory and its last element.
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

// JoinLocal joins a local directory and a path below it, which is "" or separated by '/'.
// Unlike filepath.Join it does not resolve "link/..".
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

// tidyLocal removes redundant elements at both ends of a name: "./", "/." and "/". A
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

// trimSlashes removes the separators at the end of a name, but keeps the root.
func trimSlashes(name string) string {
	for len(name) > len(filepath.VolumeName(name))+1 && os.IsPathSeparator(name[len(name)-1]) {
		name = name[:len(name)-1]
	}
	return name
}
