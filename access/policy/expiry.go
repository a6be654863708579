package policy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Expiry is a line of a policy that removes files, or unfinished uploads, that are old.
type Expiry struct {
	// Line is the number of the line in the file, from 1.
	Line int
	// Path is the path of the files: those at it and below it; "" for the whole store.
	Path string
	// Uploads says that the line is about unfinished uploads, and not about files.
	Uploads bool
	// After is the age of what is removed: the time since the last change of a file, or since
	// the last write to an upload. It is at least MinExpiry; 0 means that nothing is removed.
	After time.Duration
}

// MinExpiry is the least age at which a policy removes files and uploads, 1 hour.
const MinExpiry = time.Hour

// maxExpiryDays keeps an age within a time.Duration.
const maxExpiryDays = 100_000

// never is the age of what is not removed.
const never = "never"

// String returns the line in the syntax of the file.
func (e Expiry) String() string {
	path, age := quote(cmp.Or(e.Path, wholeStore)), never
	if e.After > 0 {
		age = "after " + strconv.FormatInt(int64(e.After/time.Hour), 10) + "h"
		if e.After%(24*time.Hour) == 0 {
			age = "after " + strconv.FormatInt(int64(e.After/(24*time.Hour)), 10) + "d"
		}
	}
	if e.Uploads {
		return "uploads " + path + " expire " + age
	}
	return "expire " + path + " " + age
}

// Expiries are the lines of a policy that remove what is old, in their order.
type Expiries []Expiry

// For returns the line that applies to the file at a path, or to the unfinished uploads of it: the
// one with the longest path. It returns false if none applies, or if the line removes nothing.
func (e Expiries) For(path string, uploads bool) (Expiry, bool) {
	var longest Expiry
	found := false
	for _, line := range e {
		if line.Uploads == uploads && contains(line.Path, path) && (!found || len(line.Path) > len(longest.Path)) {
			longest, found = line, true
		}
	}
	return longest, found && longest.After > 0
}

// Directories returns the paths at and below which lines remove something. None is below another.
func (e Expiries) Directories(uploads bool) Prefixes {
	var all Prefixes
	for _, line := range e {
		if line.Uploads == uploads && line.After > 0 {
			all = append(all, line.Path)
		}
	}
	return all.top()
}

// Expiries returns the lines that remove what is old.
func (p *Policy) Expiries() Expiries { return slices.Clone(p.expiries) }

// Expiries calls Policy.Expiries of the policy in force.
func (f *File) Expiries() Expiries { return f.Policy().Expiries() }

// addExpiry adds the line of an expiry.
func (p *parser) addExpiry(words []string) error {
	line, err := parseExpiry(words)
	if err != nil {
		return err
	}
	line.Line = p.line
	for _, before := range p.expiries {
		switch {
		case before.Uploads != line.Uploads || !contains(before.Path, line.Path):
		case before.Path == line.Path:
			return fmt.Errorf("the expiry of %s is set twice: line %d has it, too", quote(cmp.Or(line.Path, wholeStore)), before.Line)
		default:
			return fmt.Errorf("the expiry of %s must come before that of %s in line %d: the beginning of a file that is still written must not remove more than the whole file",
				quote(line.Path), quote(cmp.Or(before.Path, wholeStore)), before.Line)
		}
	}
	p.expiries = append(p.expiries, line)
	return nil
}

// parseExpiry parses the words of a line that begins with expire or uploads.
func parseExpiry(words []string) (Expiry, error) {
	line := Expiry{Uploads: words[0] == "uploads"}
	form := "expire PATH after AGE, or expire PATH never"
	rest := words[min(2, len(words)):]
	if line.Uploads {
		form = "uploads PATH expire after AGE, or uploads PATH expire never"
		if len(rest) == 0 || rest[0] != "expire" {
			return line, fmt.Errorf("an expiry of uploads has the form %s", form)
		}
		rest = rest[1:]
	}
	switch {
	case len(rest) == 1 && rest[0] == never:
	case len(rest) == 2 && rest[0] == "after":
		age, err := parseAge(rest[1])
		if err != nil {
			return line, err
		}
		line.After = age
	default:
		return line, fmt.Errorf("an expiry has the form %s", form)
	}
	path, personal, err := parsePath(words[1])
	if err == nil && personal {
		err = errors.New("the path of an expiry must not have {principal}: it applies to the files of all principals")
	}
	line.Path = path
	return line, err
}

// parseAge parses whole hours or days, such as 12h or 30d.
func parseAge(text string) (time.Duration, error) {
	unit := 24 * time.Hour
	number, days := strings.CutSuffix(text, "d")
	if !days {
		var hours bool
		if number, hours = strings.CutSuffix(text, "h"); !hours {
			number = ""
		}
		unit = time.Hour
	}
	n, err := strconv.ParseUint(number, 10, 32)
	if err != nil || n == 0 || n > uint64(maxExpiryDays*24*time.Hour/unit) {
		return 0, fmt.Errorf("the age %s: it must be whole hours or days from 1h to %dd, such as 12h or 30d", quote(text), maxExpiryDays)
	}
	return time.Duration(n) * unit, nil
}
