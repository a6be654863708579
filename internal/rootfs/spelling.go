package rootfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
)

// SpellingError reports that the file system found something under a name that its
// directory does not list: under another spelling, or by a short name. A reader may treat
// that as a missing file; for a writer it is a collision.
type SpellingError struct {
	// Path is the requested path.
	Path string
	// Stored is the path as the directory lists it; "" if it differs in more than the
	// case of letters.
	Stored string
}

// Error implements error.
func (e *SpellingError) Error() string {
	if e.Stored == "" {
		return fmt.Sprintf("the file system takes %s for a file or directory of another name", e.Path)
	}
	return fmt.Sprintf("the file system takes %s for %s, which is there", e.Path, e.Stored)
}

// NameError reports that the file system stores a new file or directory under another
// name than the requested one.
type NameError struct {
	// Path is the requested path.
	Path string
}

// Error implements error.
func (e *NameError) Error() string {
	return "the file system changes the name of " + e.Path
}

// spellingAttempts bounds how often a directory that changes meanwhile is read again.
const spellingAttempts = 3

// Ambiguous reports whether names that the directory does not list may find its files.
func (d *Dir) Ambiguous() bool { return d.guard != nil && d.ambiguous() }

// CheckSpelling fails with a *SpellingError if a name leads to something that the
// directory lists only under another name, and with fs.ErrNotExist if nothing is there.
// It does nothing where a name has one spelling.
func (d *Dir) CheckSpelling(name string) error {
	if !d.Ambiguous() {
		return nil
	}
	stored := ""
	for range spellingAttempts {
		listed, similar, err := d.lists(name)
		if err != nil || listed {
			return err
		}
		// A file that is being replaced can be missing from a list.
		if _, err := d.root.Lstat(d.resolve(name)); err != nil {
			return err
		}
		stored = similar
	}
	return &SpellingError{Path: name, Stored: stored}
}

// lists reports whether the directory lists a name. If not, it returns a listed name that
// is similar, if any.
func (d *Dir) lists(name string) (listed bool, similar string, err error) {
	info, err := d.root.Stat(".")
	if err != nil {
		return false, "", err
	}
	now := time.Now()
	if d.guard.listings.has(info, now, name) {
		return true, "", nil
	}
	if d.guard.folding != nil && d.guard.folding.Reads != nil {
		d.guard.folding.Reads()
	}
	file, err := d.openAt(".", os.O_RDONLY, 0)
	if err != nil {
		return false, "", err
	}
	defer file.Close()
	keep := newListing(info, now)
	for {
		names, err := file.Readdirnames(1024)
		for _, other := range names {
			if other == name {
				listed = true
			}
			if strings.EqualFold(other, name) {
				similar = other
			}
		}
		if keep != nil && !keep.add(names) {
			keep = nil
		}
		switch {
		case err == io.EOF && keep != nil:
			d.guard.listings.keep(keep)
			return listed, similar, nil
		case err == io.EOF, err == nil && listed && keep == nil:
			return listed, similar, nil
		case err != nil:
			return false, "", relative("readdir", ".", err)
		}
	}
}

// mayFold reports whether names in the directory may be ambiguous. In doubt it is true.
func (d *Dir) mayFold() bool {
	if d.guard == nil {
		return false
	}
	if d.guard.folding != nil {
		return true
	}
	return d.systemMayFold()
}

// foundExact reports whether Probe found that names have one spelling on a device.
func (g *guard) foundExact(device uint64, ok bool) bool {
	exact := g.exactDevice.Load()
	return ok && exact != nil && *exact == device
}

// probeName is the name of a file that Probe creates. probeSpellings are names that find
// it on a file system that ignores case, normalisation, invisible characters, or the
// trailing characters that Windows ignores.
const probeName = "probe-A\u00e9"

func probeSpellings() []string {
	return []string{"PROBE-a\u00e9", "probe-Ae\u0301", "probe-\u200cA\u00e9", probeName + ".", probeName + " "}
}

// Probe determines whether a name has one spelling on the file system of scratch, with a
// file that it creates there and removes. It is for file systems whose type and flags do
// not answer that.
func (d *Dir) Probe(scratch *Dir) error {
	file, err := scratch.CreateFile(probeName, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
	case err != nil:
		return nil //nolint:nilerr // the file system rejects some names: in doubt
	default:
		if err := file.Close(); err != nil {
			return err
		}
	}
	exact := true
	for _, name := range probeSpellings() {
		if _, err := scratch.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			exact = false
		}
	}
	if device, ok := scratch.device(); ok && exact {
		d.guard.exactDevice.Store(&device)
	}
	return scratch.Remove(probeName)
}
