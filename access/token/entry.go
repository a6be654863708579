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

// Entry is what a file says of a token, in a line of five fields between spaces: the
// hash, the name, the groups, when it was made and when it expires.
//
//	sha256:6b86…4b alice ops,dev 2026-01-02T15:04:05Z 2026-02-01T15:04:05Z
//	sha256:d473…ab ci    -       2026-01-02T15:04:05Z never
//
// Lines that are empty or begin with "#" say nothing.
type Entry struct {
	hash hash
	// Name of the principal: at most access.MaxNameBytes of letters and digits of
	// ASCII and "._@+-", beginning with a letter or a digit. Several tokens may have
	// the same.
	Name string
	// Groups of the principal, of the same characters.
	Groups []string
	// Created is when it was made, to the second, in UTC.
	Created time.Time
	// Expires is from when on it is not good any more, likewise; the zero time:
	// never.
	Expires time.Time
}

// idBytes is how much of a hash is the id.
const idBytes = 6

// ID tells tokens apart for people; it is no secret.
func (e Entry) ID() string { return hex.EncodeToString(e.hash[:idBytes]) }

// IsExpired reports whether the token is no longer good.
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

// String is the line, without its end.
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

// parseEntry reads a line. All fields are required, so that one that was cut does not
// say more than it did.
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

// parseTime reads a time; no file of another program is to make one that cannot be
// written as it was.
func parseTime(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.IsZero() || t.Nanosecond() != 0 {
		return time.Time{}, fmt.Errorf("%q is not a time: it must be as 2026-01-02T15:04:05Z", text)
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

// validateName is stricter than access.ValidateName: a name must not contain what
// stands between fields and groups, nor a colon, which those from elsewhere have.
func validateName(what, name string) error {
	if err := access.ValidateName(name); err != nil {
		return err
	}
	if name == "anonymous" {
		return fmt.Errorf("a %s must not be anonymous, which is what those are called who have no name", what)
	}
	for i := range len(name) {
		c := name[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || strings.IndexByte("._@+-", c) < 0) {
			return fmt.Errorf("a %s must have only letters and digits of ASCII and ._@+-, and begin with a letter or a digit; %q does not", what, name)
		}
	}
	return nil
}
