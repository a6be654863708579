package authn

import (
	"errors"
	"strings"

	"github.com/tranship/tranship/access/bearer"
)

// ParseAuthorization returns the bearer token in the values of a call's authorization
// headers; "" if there are no values. It refuses several values, other schemes, and
// malformed tokens with a *Refusal, which does not quote the values.
func ParseAuthorization(values []string) (token string, err error) {
	switch len(values) {
	case 0:
		return "", nil
	case 1:
		return parseBearer(values[0])
	default:
		return "", malformed("a call must have only one authorization header")
	}
}

// parseBearer returns the token in the value of an authorization header (RFC 6750, section
// 2.1).
func parseBearer(value string) (string, error) {
	scheme, token, ok := strings.Cut(value, " ")
	switch {
	case !ok || !strings.EqualFold(scheme, "Bearer"):
		return "", malformed("the authorization header is not a bearer token")
	case len(token) > bearer.MaxTokenBytes:
		return "", malformed("the token is too long")
	case !bearer.IsToken(token):
		return "", malformed("the token has characters that a bearer token must not have")
	}
	return token, nil
}

// malformed returns the Refusal of a header. The reason must not quote the header.
func malformed(reason string) error {
	return &Refusal{Text: "the call's credentials are malformed: " + reason, Reason: errors.New(reason)}
}
