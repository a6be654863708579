// Package bearer parses the bearer token of a client, and reads it from a file. It does
// not depend on a transport.
package bearer

import (
	"errors"
	"fmt"
	"strings"
)

// MaxTokenBytes is the maximum length of a token, in bytes.
const MaxTokenBytes = 8 << 10

// Parse returns the token in text, which may have white space around the token and must
// have nothing else. Its errors do not quote the text.
func Parse(text string) (string, error) {
	token := strings.TrimSpace(text)
	switch {
	case token == "":
		return "", errors.New("there is no token in it")
	case len(token) > MaxTokenBytes:
		return "", fmt.Errorf("a token must have at most %d bytes", MaxTokenBytes)
	case !IsToken(token):
		return "", errors.New("it must have the token and nothing else")
	}
	return token, nil
}

// IsToken reports whether text has the form of a bearer token (RFC 6750, section 2.1):
// letters, digits and "-._~+/", at least one of them, followed by zero or more "=".
func IsToken(text string) bool {
	text = strings.TrimRight(text, "=")
	for i := range len(text) {
		c := text[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte("-._~+/", c) < 0 {
			return false
		}
	}
	return text != ""
}
