package access_test

import (
	"testing"

	"github.com/tranship/tranship/access"
)

func TestContext(t *testing.T) {
	if p := access.FromContext(t.Context()); !p.IsAnonymous() {
		t.Errorf("without a principal in the context, the caller is %+v", p)
	}
	ctx := access.NewContext(t.Context(), access.Principal{Name: "ann", Groups: []string{"staff"}, Source: "token"})
	if p := access.FromContext(ctx); p.IsAnonymous() || p.Name != "ann" || p.Groups[0] != "staff" || p.Source != "token" {
		t.Errorf("ann came back as %+v", p)
	}
}

func TestParseAction(t *testing.T) {
	for _, action := range access.Actions() {
		if parsed, err := access.ParseAction(action.String()); err != nil || parsed != action {
			t.Errorf("%v is parsed as %v: %v", action, parsed, err)
		}
	}
	for _, bad := range []string{"", "Read", "read ", "Action(0)", "all"} {
		if parsed, err := access.ParseAction(bad); err == nil {
			t.Errorf("%q is parsed as %v", bad, parsed)
		}
	}
}
