package authn_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/authn"
)

func FuzzParseAuthorization(f *testing.F) {
	for _, value := range []string{"", "Bearer", "Bearer ", "Bearer x", "bearer a.b.c==", "Basic eDp5", "Bearer x y", "Bearer  x", "Bearer =", "Bearer a=b", "Bearer \x00", "Bearer é"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		token, err := authn.ParseAuthorization([]string{value})
		if err != nil {
			if token != "" || !errors.Is(err, tranship.ErrUnauthenticated) {
				t.Errorf("%q and %v", token, err)
			}
			return
		}
		if !strings.EqualFold(value, "Bearer "+token) || !strings.HasSuffix(value, token) || token == "" || strings.ContainsAny(token, " ,\r\n\x00") {
			t.Errorf("%q has the token %q", value, token)
		}
	})
}
