package token

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tranship/tranship/access"
)

// Entry is the line of a token in a file. The line has five fields, which are separated by
// white space: the hash of the token, the name and the groups of the principal, and the
// times of creation and expiry.
//
//	sha256:6b86…4b alice ops,dev 2026-01-02T15:04:05Z 2026-02-01T15:04:05Z
//	sha256:d473…ab ci    -       2026-01-02T15:04:05Z never
//
// Empty lines and lines that begin with "#" are ignored.
type Entry struct {
	hash hash
	// Name is the name of the principal: 1 to access.MaxNameBytes ASCII letters, digits
	// and "._@+-". It begins with a letter or a digit. Several tokens may have the same
	// name.
	Name string
	// Groups are the groups of the principal. Their names have the same form as Name.
	Groups []string
	// Created is when the token was made, to the second, in UTC.
	Created time.Time
	// Expires is when the token stops being valid, to the second, in UTC; the zero time
	// means never.
	Expires time.Time
}

// idBytes is the number of bytes of a hash in an id.
const idBytes = 6

// ID returns an id of the token for people, which is not a secret: the first six bytes of
// the hash, in hexadecimal.
func (e Entry) ID() string { return hex.EncodeToString(e.hash[:idBytes]) }

// IsExpired reports whether the token has expired at the time now.
func (e Entry) IsExpired(now time.Time) bool { return !e.Expires.IsZero() && !now.Before(e.Expires) }

func (e Entry) equal(other Entry) bool {
	return e.hash == other.hash && e.Name == other.Name && slices.Equal(e.Groups, other.Groups) &&
		e.Created.Equal(other.Created) && e.Expires.Equal(other.Expires)
}

const (
	hashPrefix = "sha256:"
	noGroups   = "-"
	never      = "never"
)

// String returns the line, without a newline.
func (e Entry) String() string {
	groups, expires := noGroups, never
	if len(e.Groups) > 0 {
		groups = strings.Join(e.Groups, ",")
	}
	if !e.Expires.IsZero() {
		expires = e.Expires.Format(time.RFC3339)
	}
	return hashPrefix + hex.EncodeToString(e.hash[:]) + " " + e.Name + " " + groups + " " + e.Created.Format(time.RFC3339) + " " + expires
}

// parseEntry parses a line. All fields are required, so that an incomplete line never
// grants more than the complete one.
func parseEntry(line string) (Entry, error) {
	if !utf8.ValidString(line) {
		return Entry{}, errors.New("it must be valid UTF-8")
	}
	fields := strings.Fields(line)
	if len(fields) != 5 {
		return Entry{}, fmt.Errorf("it must have five fields, hash, name, groups or -, created, and expires or never; there are %d", len(fields))
	}
	var e Entry
	digits, ok := strings.CutPrefix(fields[0], hashPrefix)
	data, err := hex.DecodeString(digits)
	if !ok || err != nil || len(data) != len(e.hash) {
		return Entry{}, errors.New("the first field must be sha256: and 64 hexadecimal digits")
	}
	e.hash = hash(data)
	e.Name = fields[1]
	if fields[2] != noGroups {
		e.Groups = strings.Split(fields[2], ",")
	}
	if e.Created, err = parseTime(fields[3]); err != nil {
		return Entry{}, err
	}
	if fields[4] != never {
		if e.Expires, err = parseTime(fields[4]); err != nil {
			return Entry{}, err
		}
	}
	return e, e.validate()
}

// parseTime parses a time in the format of a file. It refuses times that String would not
// write back unchanged.
func parseTime(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.IsZero() || t.Nanosecond() != 0 {
		return time.Time{}, fmt.Errorf("%q is not a time: it must have the form 2026-01-02T15:04:05Z", text)
	}
	return t.UTC(), nil
}

func (e Entry) validate() error {
	if err := validateName("name", e.Name); err != nil {
		return err
	}
	for _, group := range e.Groups {
		if err := validateName("group", group); err != nil {
			return err
		}
	}
	return nil
}

// validateName is stricter than access.ValidateName: a name must not contain the separators
// of fields and groups, nor a colon, which names from other sources have.
func validateName(what, name string) error {
	if err := access.ValidateName(name); err != nil {
		return err
	}
	if name == "anonymous" {
		return fmt.Errorf("a %s must not be anonymous, which stands for callers without credentials", what)
	}
	for i := range len(name) {
		c := name[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || strings.IndexByte("._@+-", c) < 0) {
			return fmt.Errorf("a %s must have only ASCII letters and digits and ._@+-, and begin with a letter or a digit; %q does not", what, name)
		}
	}
	return nil
}
