//go:build unix

package configfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// maxLinks is how many links may be on the path to a file.
const maxLinks = 40

// ownerOf returns the user ID of a file's owner.
func ownerOf(info fs.FileInfo) int {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid)
	}
	return -1
}

// isTrusted reports whether a user may change what this process trusts.
func isTrusted(uid int) bool { return uid == 0 || uid == os.Geteuid() }

// nameOf returns the name of a user for messages.
func nameOf(uid int) string {
	number := "uid " + strconv.Itoa(uid)
	if found, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return found.Username + " (" + number + ")"
	}
	return number
}

// rightful names, for messages, the users that may own what this process trusts.
func rightful() string {
	if os.Geteuid() == 0 {
		return "root"
	}
	return "root or " + nameOf(os.Geteuid()) + ", which this program runs as"
}

func checkOwner(info fs.FileInfo) error {
	owner := ownerOf(info)
	if isTrusted(owner) {
		return nil
	}
	return fmt.Errorf("it belongs to the user %s, who can change it; it must belong to %s: chown it", nameOf(owner), rightful())
}

// SameOwner reports whether two files belong to one user.
func SameOwner(a, b fs.FileInfo) bool { return ownerOf(a) == ownerOf(b) }

// checkPath walks the path of a file from the root of the file system, as the kernel
// does. It must lead to the file that info describes.
func checkPath(name string, info fs.FileInfo) error {
	if !filepath.IsAbs(name) {
		directory, err := os.Getwd()
		if err != nil {
			return err
		}
		name = directory + "/" + name // not cleaned, because the meaning of ".." depends on links
	}
	links, current := 0, "/"
	shared, err := checkDirectory(current)
	if err != nil {
		return err
	}
	for pending := strings.Split(name, "/"); len(pending) > 0; {
		segment := pending[0]
		pending = pending[1:]
		switch segment {
		case "", ".":
			continue
		case "..":
			current = filepath.Dir(current)
			if shared, err = checkDirectory(current); err != nil {
				return err
			}
			continue
		}
		next := filepath.Join(current, segment)
		found, err := os.Lstat(next)
		if err != nil {
			return err
		}
		if owner := ownerOf(found); shared && !isTrusted(owner) {
			return fmt.Errorf("the user %s can replace it, because %s belongs to that user; it must belong to %s: chown it", nameOf(owner), next, rightful())
		}
		switch {
		case found.Mode()&fs.ModeSymlink != 0:
			if links++; links > maxLinks {
				return errors.New("there are too many links on the way to it")
			}
			target, err := os.Readlink(next)
			if err != nil {
				return err
			}
			if filepath.IsAbs(target) {
				current = "/"
				if shared, err = checkDirectory(current); err != nil {
					return err
				}
			}
			pending = append(strings.Split(target, "/"), pending...)
		case found.IsDir():
			if shared, err = checkDirectory(next); err != nil {
				return err
			}
			current = next
		default:
			if !os.SameFile(found, info) {
				return errReplaced
			}
			return nil
		}
	}
	if found, err := os.Lstat(current); err != nil || !os.SameFile(found, info) {
		return errReplaced
	}
	return nil
}

// checkDirectory refuses a directory in which other users can replace files that they do
// not own. shared is whether they can add files to it and replace their own.
func checkDirectory(name string) (shared bool, err error) {
	info, err := os.Lstat(name)
	if err != nil {
		return false, err
	}
	if owner := ownerOf(info); !isTrusted(owner) {
		return false, fmt.Errorf("the user %s can replace it, because the directory %s belongs to that user; it must belong to %s: chown it, or move the file to another directory",
			nameOf(owner), name, rightful())
	}
	if !Writable(info) || isReadOnly(name) {
		return false, nil
	}
	if info.Mode()&fs.ModeSticky != 0 {
		return true, nil
	}
	return false, fmt.Errorf("other users of this machine can replace it, because the directory %s has mode %04o: chmod go-w %s, or move the file to another directory",
		name, info.Mode().Perm(), name)
}
