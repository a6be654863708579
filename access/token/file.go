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

// header is the beginning of a new file.
const header = `# Tokens of a Tranship server, one a line: the SHA-256 of the token, the name, groups
# or -, created, and expires or never. Delete a line to revoke its token.
`

// New makes a token, adds its entry to the file name, and returns both. It uses Name and
// Groups of e. created and expires are cut to the second; the zero expires means never. A
// file that does not exist is made, with a mode that gives access only to its owner. New
// returns a *tranship.InvalidError if the name or a group is invalid, and an error that wraps
// a *LineError if the file is malformed.
//
// New and Revoke replace the file atomically. They lock a file beside it, whose name ends
// in ".lock", so that concurrent changes wait for each other.
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

// Revoke removes the token with an id from the file name, or all tokens of a principal,
// and returns their entries. It returns tranship.ErrNotFound if the file has none of them,
// and tranship.ErrExists if idOrName is the id of one token and the name of another. All
// other lines stay unchanged, even malformed ones.
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
			return nil, fmt.Errorf("%w: the file has no token with the name or id %q", tranship.ErrNotFound, idOrName)
		case ids && len(names) > 0:
			return nil, fmt.Errorf("%w: %q is a name and the id of another token: delete the right lines with an editor", tranship.ErrExists, idOrName)
		}
		return rest, nil
	})
	if err != nil {
		return nil, err
	}
	return revoked, nil
}

// List returns the entries of the file name, in the order of the file. If a line is
// malformed, it returns the other entries and an error that wraps a *LineError.
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

// edit replaces the content of a file atomically. It keeps the owner and the mode, because
// the server may run as another user than the caller.
func edit(name string, change func(content []byte) ([]byte, error)) error {
	// Replace the target of a link, not the link.
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

// replace writes a new file beside the old one and renames it. before describes the old
// file; nil if there was none.
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
