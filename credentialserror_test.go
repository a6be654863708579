package tranship_test

import (
	"errors"
	"testing"

	"github.com/tranship/tranship"
)

func TestCredentialsError(t *testing.T) {
	for text, err := range map[string]*tranship.CredentialsError{
		"unauthenticated: the server needs a token or a client certificate": {Token: true, Certificate: true},
		"unauthenticated: the server needs a token":                         {Token: true},
		"unauthenticated: the server needs a client certificate":            {Certificate: true},
	} {
		if err.Error() != text || !errors.Is(err, tranship.ErrUnauthenticated) {
			t.Errorf("%+v is %q, want %q", *err, err, text)
		}
	}
}
