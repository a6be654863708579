package filesrv_test

import (
	"io"
	"strings"
	"testing"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client/filesrv"
	"github.com/tranship/tranship/internal/testing/loopback"
)

// raw is a codec that sends and receives bytes as they are.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error)      { return v.([]byte), nil }
func (raw) Unmarshal(data []byte, v any) error { *v.(*[]byte) = data; return nil }
func (raw) Name() string                       { return "proto" }

// TestMalformed checks that an undecodable message fails the file with the error of gRPC.
func TestMalformed(t *testing.T) {
	for _, revision := range []int{1, 2} {
		address := loopback.Serve(t, func(grpc.ServiceRegistrar) {}, grpc.ForceServerCodec(raw{}),
			grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
				for _, message := range []string{"\x0a\x01a", "\xff\xff"} {
					if err := stream.SendMsg([]byte(message)); err != nil {
						return err
					}
				}
				return nil
			}))
		client := filesrv.New(loopback.Dial(t, address), filesrv.Options{Revision: revision})
		content, err := client.Open(t.Context(), "a", tranship.OpenOptions{})
		if err == nil {
			_, err = io.ReadAll(content)
			content.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "Internal") || !strings.Contains(err.Error(), "cannot parse") {
			t.Errorf("revision %d: %v", revision, err)
		}
	}
}
