package server_test

import (
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship/internal/testing/storeserver"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// raw is a codec that sends and receives bytes as they are.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error)      { return v.([]byte), nil }
func (raw) Unmarshal(data []byte, v any) error { *v.(*[]byte) = data; return nil }
func (raw) Name() string                       { return "proto" }

// TestMalformedRequests sends what no generated code would: the client is told that
// it is the client's fault, and which field.
func TestMalformedRequests(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		conn, _ := serve(t, &mem.Store{}, server.Config{})
		tests := []struct {
			name   string
			method string
			bytes  string
		}{
			{"empty upload request", transhipv1.FileService_Upload_FullMethodName, ""},
			{"empty download request", transhipv1.FileService_Download_FullMethodName, ""},
			{"garbage on a stream", transhipv1.FileService_Upload_FullMethodName, "\xff\xff\xff"},
			{"begin with a path that is not UTF-8", transhipv1.FileService_Upload_FullMethodName, "\x0a\x05\x08\x01\x1a\x01\xff"},
			{"open of a path that is not UTF-8", transhipv1.FileService_Download_FullMethodName, "\x0a\x05\x08\x01\x12\x01\xff"},
			{"stat of a path that is not UTF-8", transhipv1.FileService_Stat_FullMethodName, "\x0a\x01\xff"},
			{"list of a directory that is not UTF-8", transhipv1.FileService_List_FullMethodName, "\x0a\x01\xff"},
			{"garbage", transhipv1.FileService_Delete_FullMethodName, "\xff\xff\xff"},
		}
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				stream, err := conn.NewStream(testContext(t), &grpc.StreamDesc{ClientStreams: true, ServerStreams: true},
					test.method, grpc.ForceCodec(raw{}))
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
				err = stream.RecvMsg(&reply)
				if status.Code(err) != codes.InvalidArgument {
					t.Fatalf("got %v, want INVALID_ARGUMENT", err)
				}
				for _, detail := range status.Convert(err).Details() {
					if request, ok := detail.(*errdetails.BadRequest); ok && request.GetFieldViolations()[0].GetField() == "request" {
						return
					}
				}
				t.Errorf("%v has no field violation", err)
			})
		}
	})
}

// TestTransportLimit sends a message over the limit: grpc's own status, not a hang.
func TestTransportLimit(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		client, _ := serve.client(t, &mem.Store{})
		stream, err := client.Upload(testContext(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.Send(put(1, "file", make([]byte, 5<<20))); err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Recv(); status.Code(err) != codes.ResourceExhausted {
			t.Errorf("got %v, want RESOURCE_EXHAUSTED", err)
		}
	})
}

// TestReflection registers the service on a grpc.Server that knows nothing of it,
// next to reflection.
func TestReflection(t *testing.T) {
	grpcServer := grpc.NewServer()
	storeserver.New(t, &mem.Store{}, server.Config{}).Mount(grpcServer)
	if err := server.RegisterReflection(grpcServer); err != nil {
		t.Fatal(err)
	}
	if _, ok := grpcServer.GetServiceInfo()["grpc.reflection.v1.ServerReflection"]; !ok {
		t.Error("reflection is not registered")
	}
}
