package access

import (
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// MaxNameBytes is how long the name of a principal or a group may be.
const MaxNameBytes = 128

// ValidateName says what is wrong with the name of a principal or a group: it must be
// 1 to MaxNameBytes bytes of valid UTF-8 without control characters, and without
// others that do not show, such as those that turn the direction of text. Whatever
// finds principals refuses all other names.
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
			return fmt.Errorf("a name must not have characters that do not show: %q", name)
		}
	}
	return nil
}
