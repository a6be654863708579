package rootfs

import "strings"

// Folding makes a guarded tree find names as case-insensitive file systems do, so that
// tests can simulate one everywhere.
type Folding struct {
	// Finds reports whether a name finds what is stored under another name. If it is nil,
	// none does, and each directory only reports to be ambiguous.
	Finds func(name, stored string) bool
	// Respells is whether renaming a file to another spelling of its name changes the
	// spelling. Otherwise such a rename succeeds without effect, as on Linux.
	Respells bool
	// Stores returns the name that a new file or directory gets. If it is nil, that is
	// the given name.
	Stores func(name string) string
	// Reads is called whenever a directory is read to find a name, unless it is nil.
	Reads func()
}

// OpenFolding is OpenGuarded with a simulated file system. It is for tests.
func OpenFolding(name, mark string, folding Folding) (*Dir, error) {
	dir, err := OpenGuarded(name, mark)
	if err == nil {
		dir.guard.folding = &folding
	}
	return dir, err
}

// FindsFolded is a Finds function that ignores case, zero-width characters, the form of
// the letter é, and trailing dots. It also knows the DOS name of a long name: "SECRET~1"
// finds "secret-plan".
func FindsFolded(name, stored string) bool {
	if strings.EqualFold(foldedName(name), foldedName(stored)) {
		return true
	}
	long := strings.ReplaceAll(stored, ".", "")
	return len(stored) > 8 && len(long) > 6 && name == strings.ToUpper(long[:6])+"~1"
}

func foldedName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r >= '\u200b' && r <= '\u200f' || r == '\ufeff' {
			return -1
		}
		return r
	}, name)
	return strings.TrimRight(strings.ReplaceAll(name, "e\u0301", "\u00e9"), ".")
}

// resolve returns the stored name of what the file system finds under name. It differs
// from name only in tests.
func (d *Dir) resolve(name string) string {
	if d.guard == nil || d.guard.folding == nil {
		return name
	}
	if _, err := d.root.Lstat(name); err == nil {
		return name
	}
	found := name
	if d.guard.folding.Stores != nil {
		found = d.guard.folding.Stores(name)
	}
	if d.guard.folding.Finds == nil {
		return found
	}
	entries, err := d.ReadDir()
	if err != nil {
		return name
	}
	for _, entry := range entries {
		if d.guard.folding.Finds(name, entry.Name()) {
			found = entry.Name()
		}
	}
	return found
}

// resolveNew is resolve for the new name of a file that is moved from another directory.
func (d *Dir) resolveNew(newName string, from *Dir, name string) string {
	stored := d.resolve(newName)
	if d.guard == nil || d.guard.folding == nil || !d.guard.folding.Respells {
		return stored
	}
	if from.IsEntry(name, d, newName) {
		return newName
	}
	return stored
}
