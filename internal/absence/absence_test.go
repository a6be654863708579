package absence_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/absence"
	"github.com/tranship/tranship/internal/rpcstatus"
)

// What is pretended can be told apart here, and nowhere else.
func TestPretend(t *testing.T) {
	for _, absent := range []error{absence.OfFile("a/b"), absence.OfUpload("ID")} {
		pretended := absence.Pretend(absent)
		if pretended.Error() != absent.Error() || !errors.Is(pretended, tranship.ErrNotFound) {
			t.Errorf("%v is pretended as %v", absent, pretended)
		}
		if got, want := rpcstatus.Proto(pretended).String(), rpcstatus.Proto(absent).String(); got != want {
			t.Errorf("a client gets %s, not %s", got, want)
		}
		if absence.IsPretended(absent) || !absence.IsPretended(fmt.Errorf("wrapped: %w", pretended)) {
			t.Errorf("%v: what is pretended is not known", absent)
		}
	}
}
