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

// What is hidden can be told apart by the server, and by no client.
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
			t.Errorf("%v: what is hidden is not known", absent)
		}
	}
}
