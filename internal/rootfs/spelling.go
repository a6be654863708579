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

// SpellingError says that the file system found something under a name that its
// directory does not list: under another spelling, or by a short name. For reading,
// that is as good as nothing being there; for writing, it is a collision.
type SpellingError struct {
	// Path is what was asked for.
	Path string
	// Stored is the path under which the directory lists it; "" if it differs in more
	// than the case of letters.
	Stored string
}

// Error implements error.
func (e *SpellingError) Error() string {
	if e.Stored == "" {
		return fmt.Sprintf("the file system takes %s for a file or directory of another name", e.Path)
	}
	return fmt.Sprintf("the file system takes %s for %s, which is there", e.Path, e.Stored)
}

// NameError says that the file system does not keep a new name as it is.
type NameError struct {
	// Path has the name.
	Path string
}

// Error implements error.
func (e *NameError) Error() string {
	return "the file system changes the name of " + e.Path
}

// spellingAttempts bounds how often a directory is read again that changed meanwhile.
const spellingAttempts = 3

// Ambiguous reports whether names that the directory does not list may lead to what is
// in it.
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
		// A file that is replaced can be missing in a list.
		if _, err := d.root.Lstat(d.resolve(name)); err != nil {
			return err
		}
		stored = similar
	}
	return &SpellingError{Path: name, Stored: stored}
}

// lists reports whether the directory lists a name, and otherwise a similar one that it
// lists.
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

// mayFold decides whether names are ambiguous in the directory; true if in doubt.
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

// probeName is the name of a file that Probe makes, and probeSpellings are names that a
// file system finds it by if it ignores case, normalisation, characters that are not
// visible, or what Windows ignores at the end.
const probeName = "probe-A\u00e9"

func probeSpellings() []string {
	return []string{"PROBE-a\u00e9", "probe-Ae\u0301", "probe-\u200cA\u00e9", probeName + ".", probeName + " "}
}

// Probe finds out, with a file that it makes in scratch and removes, whether names have
// one spelling on the file system of scratch. It is for file systems of which neither
// type nor flags tell.
func (d *Dir) Probe(scratch *Dir) error {
	file, err := scratch.CreateFile(probeName, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
	case err != nil:
		return nil //nolint:nilerr // not all names are possible there: in doubt
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
