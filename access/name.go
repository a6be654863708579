package access

import (
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// MaxNameBytes is the maximum length of the name of a principal or a group, in bytes.
const MaxNameBytes = 128

// ValidateName returns an error if name cannot be the name of a principal or a group. A
// name must have 1 to MaxNameBytes bytes of valid UTF-8, without control characters and
// other invisible ones, such as those that change the direction of text. Every
// authenticator must refuse all other names.
func ValidateName(name string) error {
	switch {
	case name == "":
		return errors.New("a name must not be empty")
	case len(name) > MaxNameBytes:
		return fmt.Errorf("a name must have at most %d bytes, not %d", MaxNameBytes, len(name))
	case !utf8.ValidString(name):
		return errors.New("a name must be valid UTF-8")
	}
	for _, r := range name {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("a name must not have invisible characters: %q", name)
		}
	}
	return nil
}
