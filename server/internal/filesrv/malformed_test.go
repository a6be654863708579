package filesrv_test

import (
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship/internal/testing/loopback"
	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
	"github.com/tranship/tranship/server/internal/filesrv"
	"github.com/tranship/tranship/store/mem"
)

// raw is a codec that sends and receives bytes as they are.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error)      { return v.([]byte), nil }
func (raw) Unmarshal(data []byte, v any) error { *v.(*[]byte) = data; return nil }
func (raw) Name() string                       { return "proto" }

// TestMalformed sends names that are not UTF-8, and garbage.
func TestMalformed(t *testing.T) {
	conn := loopback.Dial(t, loopback.Serve(t, filesrv.New(&mem.Store{}, filesrv.Options{}).Register))
	for _, test := range []struct{ name, method, bytes string }{
		{"upload", filesrvv1.FileSrv_UploadFile_FullMethodName, "\x0a\x03\x0a\x01\xff"},
		{"download", filesrvv1.FileSrv_DownloadFile_FullMethodName, "\x0a\x01\xff"},
		{"garbage", filesrvv1.FileSrv_UploadFile_FullMethodName, "\xff\xff"},
	} {
		stream, err := conn.NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, test.method, grpc.ForceCodec(raw{}))
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.SendMsg([]byte(test.bytes)); err != nil {
			t.Fatal(err)
		}
		if err := stream.CloseSend(); err != nil {
			t.Fatal(err)
		}
		var reply []byte
		if err := stream.RecvMsg(&reply); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v, want INVALID_ARGUMENT", test.name, err)
		}
	}
}
