package hidden_test

import (
	"errors"
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/hidden"
	"github.com/tranship/tranship/internal/rpcstatus"
)

// TestHidden checks that the server can tell a hidden file from a missing one, and that
// clients cannot.
func TestHidden(t *testing.T) {
	for _, absent := range []error{&tranship.PathError{Path: "a/b", Err: tranship.ErrNotFound}, tranship.UploadNotFound("ID")} {
		refused := hidden.Behind(absent)
		if refused.Error() != absent.Error() || !errors.Is(refused, tranship.ErrNotFound) {
			t.Errorf("%v is hidden as %v", absent, refused)
		}
		if got, want := rpcstatus.Proto(refused), rpcstatus.Proto(absent); !proto.Equal(got, want) {
			t.Errorf("a client gets %v, not %v", got, want)
		}
		if hidden.Is(absent) || !hidden.Is(fmt.Errorf("wrapped: %w", refused)) {
			t.Errorf("%v: Is does not tell hidden from missing", absent)
		}
	}
}
