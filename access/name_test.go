package access_test

import (
	"strings"
	"testing"

	"github.com/tranship/tranship/access"
)

func TestValidateName(t *testing.T) {
	for name, want := range map[string]bool{
		"alice":                            true,
		"cert:spiffe://example.org/backup": true,
		"oidc:Zoë Müller":                  true,
		strings.Repeat("a", 128):           true,
		strings.Repeat("a", 129):           false,
		strings.Repeat("ü", 65):            false,
		"":                                 false,
		"a\nb":                             false,
		"a\x00":                            false,
		"a\x7f":                            false,
		"\u202ealice":                      false, // right to left
		"a\u200bb":                         false, // no width
		"a\u00a0b":                         false, // a space that looks like another
		"\xff":                             false,
	} {
		if err := access.ValidateName(name); (err == nil) != want {
			t.Errorf("%q: %v", name, err)
		}
	}
}
