package token

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/configfile"
)

// header is what a new file begins with.
const header = `# Tokens of a Tranship server, one a line: the SHA-256 of the token, the name, groups
# or -, created, and expires or never. Who deletes a line revokes the token.
`

// New makes a token, adds its entry to the file name, and returns both. The file is
// made if it is not there, for its owner alone. created and expires are cut to the
// second; expires may be the zero time.
//
// The file is replaced whole. Beside it there is another, with ".lock" after its name,
// that makes several of these changes wait for each other.
func New(name string, e Entry, created, expires time.Time) (token string, added Entry, err error) {
	token = generate()
	e.hash = hashOf(token)
	e.Created, e.Expires = created.UTC().Truncate(time.Second), expires.UTC().Truncate(time.Second)
	if err := e.validate(); err != nil {
		return "", Entry{}, &tranship.InvalidError{Field: "token", Rule: err.Error()}
	}
	err = edit(name, func(content []byte) ([]byte, error) {
		if _, err := parse(content); err != nil {
			return nil, err
		}
		if len(content) == 0 {
			content = []byte(header)
		}
		if !bytes.HasSuffix(content, []byte("\n")) {
			content = append(content, '\n')
		}
		return append(content, e.String()+"\n"...), nil
	})
	if err != nil {
		return "", Entry{}, err
	}
	return token, e, nil
}

// Revoke takes the token with an id out of the file name, or all tokens of a name, and
// returns their entries; tranship.ErrNotFound if there are none. What else the file
// has stays as it is, also lines that are malformed.
func Revoke(name, idOrName string) (revoked []Entry, err error) {
	err = edit(name, func(content []byte) ([]byte, error) {
		var ids bool
		revoked, ids = nil, false
		var rest []byte
		var names []Entry
		for line := range bytes.Lines(content) {
			e, err := parseEntry(string(line))
			switch {
			case err == nil && e.ID() == idOrName:
				ids = true
				revoked = append(revoked, e)
				continue
			case err == nil && e.Name == idOrName:
				names = append(names, e)
				revoked = append(revoked, e)
				continue
			}
			rest = append(rest, line...)
		}
		switch {
		case len(revoked) == 0:
			return nil, fmt.Errorf("%w: there is no token with the name or id %q", tranship.ErrNotFound, idOrName)
		case ids && len(names) > 0:
			return nil, fmt.Errorf("%w: %q is a name and the id of another token: delete the lines that are meant by hand", tranship.ErrExists, idOrName)
		}
		return rest, nil
	})
	if err != nil {
		return nil, err
	}
	return revoked, nil
}

// List returns the entries of the file name, in its order. When a line is malformed,
// it returns the others and an error that matches a *LineError.
func List(name string) (entries []Entry, err error) {
	content, _, err := read(name, configfile.GuardMode)
	if err != nil {
		return nil, err
	}
	if _, err = parse(content); err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	for line := range bytes.Lines(content) {
		if e, malformed := parseEntry(string(line)); malformed == nil {
			entries = append(entries, e)
		}
	}
	return entries, err
}

// edit replaces what a file has, all at once, and with the same owner and mode: the
// server may run as another user than the one who edits.
func edit(name string, change func(content []byte) ([]byte, error)) error {
	// What a link leads to is meant, not the link.
	if resolved, err := filepath.EvalSymlinks(name); err == nil {
		name = resolved
	}
	unlock, err := lockedfile.MutexAt(name + ".lock").Lock()
	if err != nil {
		return err
	}
	defer unlock()

	before, statErr := os.Stat(name)
	var content []byte
	switch {
	case errors.Is(statErr, fs.ErrNotExist):
	case statErr != nil:
		return statErr
	default:
		if content, _, err = read(name, configfile.GuardMode); err != nil {
			return err
		}
	}
	changed, err := change(slices.Clone(content))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return replace(name, before, changed)
}

// replace writes a file beside and renames it; before is nil if there was none.
func replace(name string, before fs.FileInfo, content []byte) (err error) {
	temporary, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temporary.Name())
		}
	}()
	_, err = temporary.Write(content)
	if err == nil && before != nil {
		err = errors.Join(chown(temporary, before), temporary.Chmod(before.Mode().Perm()))
	}
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), name)
}
