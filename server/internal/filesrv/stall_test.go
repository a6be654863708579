package filesrv_test

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship/server/internal/filesrv"
	"github.com/tranship/tranship/store/mem"
)

// A client that neither sends nor ends is told after a while.
func TestStatusWhileStalling(t *testing.T) {
	t.Parallel()
	stream, err := serve(t, new(mem.Store), filesrv.Options{}).UploadFile(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(header("../x", "")); err != nil {
		t.Fatal(err)
	}
	if err := stream.RecvMsg(nil); status.Code(err) != codes.InvalidArgument {
		t.Errorf("status is %v", err)
	}
}
