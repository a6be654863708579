package client

import (
	"context"
	"slices"
	"strings"
	"testing"
	"unicode"

	"google.golang.org/grpc"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"

	"github.com/tranship/tranship/internal/testing/loopback"
)

// FuzzForeignAnswer checks that the description of what any server answers is one line of
// printable characters, and short.
func FuzzForeignAnswer(f *testing.F) {
	for _, answer := range []string{
		"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP/", "SSH-2.0-x", "\x15\x03\x01", "\x00\x00\x00\x04", "", "HTTP/1.1 400 \x1b[2J\n", "HTTP/1.0\n https",
	} {
		f.Add([]byte(answer), false)
		f.Add([]byte(answer), true)
	}
	f.Fuzz(func(t *testing.T, answer []byte, secure bool) {
		text, hint := foreignAnswer(answer, secure)
		if len(text) > 100 || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q is described as %q", answer, text)
		}
		if secure && (hint == HintTLS || hint == HintHTTP) {
			t.Errorf("%q has the hint %q for a client with TLS", answer, hint.text())
		}
	})
}

// hostileReflection lists services whose names are not valid.
type hostileReflection struct {
	reflectionv1.UnimplementedServerReflectionServer
}

func (hostileReflection) ServerReflectionInfo(stream reflectionv1.ServerReflection_ServerReflectionInfoServer) error {
	if _, err := stream.Recv(); err != nil {
		return err
	}
	list := &reflectionv1.ListServiceResponse{}
	for _, name := range []string{"", "a\x1b[2J", "a b", strings.Repeat("a", 101), "grpc.health.v1.Health"} {
		list.Service = append(list.Service, &reflectionv1.ServiceResponse{Name: name})
	}
	for i := range 1000 {
		list.Service = append(list.Service, &reflectionv1.ServiceResponse{Name: "Service" + strings.Repeat("x", i%50)})
	}
	return stream.Send(&reflectionv1.ServerReflectionResponse{
		MessageResponse: &reflectionv1.ServerReflectionResponse_ListServicesResponse{ListServicesResponse: list},
	})
}

// The client keeps few names of a server's services, and only valid ones.
func TestServicesOfHostile(t *testing.T) {
	address := loopback.Serve(t, func(registrar grpc.ServiceRegistrar) {
		reflectionv1.RegisterServerReflectionServer(registrar, hostileReflection{})
	})
	names := servicesOf(context.Background(), loopback.Dial(t, address))
	if len(names) != maxServices || names[0] != "Service" || !slices.IsSorted(names) {
		t.Errorf("the services are %q", names)
	}
}
