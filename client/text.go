package client

import (
	"unicode/utf8"

	"github.com/tranship/tranship"
)

// validateText validates the text for a field of a message: strings of protobuf must be
// UTF-8. The error is a *tranship.InvalidError.
func validateText(field, text string) error {
	if !utf8.ValidString(text) {
		return &tranship.InvalidError{Field: field, Rule: "must be valid UTF-8"}
	}
	return nil
}
