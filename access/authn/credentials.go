package authn

import (
	"errors"
	"strings"
)

// MaxTokenBytes is how long a bearer token may be.
const MaxTokenBytes = 8 << 10

// ParseAuthorization returns the bearer token in the values of a call's authorization
// headers, "" without any. It refuses several values and other schemes. The error is a
// *Refusal, and has no part of the values.
func ParseAuthorization(values []string) (token string, err error) {
	switch len(values) {
	case 0:
		return "", nil
	case 1:
		return parseBearer(values[0])
	default:
		return "", malformed("there are several authorization headers")
	}
}

// parseBearer takes the token out of the value of an authorization header, by the
// rules of RFC 6750, section 2.1.
func parseBearer(value string) (string, error) {
	scheme, token, ok := strings.Cut(value, " ")
	switch {
	case !ok || !strings.EqualFold(scheme, "Bearer"):
		return "", malformed("the authorization header is not a bearer token")
	case len(token) > MaxTokenBytes:
		return "", malformed("the token is too long")
	case !IsToken(token):
		return "", malformed("the token has characters that no token has")
	}
	return token, nil
}

// IsToken reports whether text has the form of a bearer token: letters, digits and
// "-._~+/", then any number of "=".
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

// malformed refuses a header; why does not quote it.
func malformed(why string) error {
	return &Refusal{Text: "the call's credentials are malformed: " + why, Reason: errors.New(why)}
}
