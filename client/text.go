package client

import (
	"unicode/utf8"

	"github.com/tranship/tranship"
)

// validateText reports whether a field of a message can have the text: protobuf has no
// strings that are not UTF-8. The error is an *tranship.InvalidError.
func validateText(field, text string) error {
	if !utf8.ValidString(text) {
		return &tranship.InvalidError{Field: field, Rule: "must be valid UTF-8"}
	}
	return nil
}
