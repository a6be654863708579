//go:build linux

package attack

import (
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	adminv1 "github.com/tranship/tranship/proto/tranship/admin/v1"
)

// TestAdministration sends hostile requests to every method for administrators. A caller without the
// right gets the same answer to all of them, whatever they name, and the server survives those of an
// administrator.
func TestAdministration(t *testing.T) {
	s := prepareSite(t)
	s.write(t, "rules", "allow alice read,write,delete,list /\nallow bob read,write,delete,list,create /\nallow root admin /\nallow anonymous read /\n")
	tokens := filepath.Join(t.TempDir(), "tokens")
	alice, bob, root := newToken(t, tokens, "alice"), newToken(t, tokens, "bob"), newToken(t, tokens, "root")
	s.healthy = as(alice)
	s.start(t, "--tokens", tokens, "--policy", filepath.Join(s.dir, "rules"), "--anonymous", "read")
	texts := []string{"", "file", "../../etc/passwd", "/", ".tranship", "a\x00b", strings.Repeat("a/", 4000), "%s%n", "\u202e"}
	methods := adminv1.File_tranship_admin_v1_admin_proto.Services().Get(0).Methods()
	for name, credentials := range map[string][]grpc.DialOption{
		"bob": {grpc.WithPerRPCCredentials(bearer(bob))}, "anonymous": nil, "root": {grpc.WithPerRPCCredentials(bearer(root))},
	} {
		conn := s.dial(t, credentials...)
		for i := range methods.Len() {
			answers := map[string]bool{}
			for _, text := range texts {
				code, message := administer(t, conn, methods.Get(i), text)
				answers[code.String()+message] = true
				switch {
				case name != "root" && code != codes.PermissionDenied:
					t.Errorf("%s: %s of %q: %v %s", name, methods.Get(i).Name(), text, code, message)
				case code == codes.Internal || code == codes.Unknown || strings.Contains(message, s.dir):
					t.Errorf("%s: %s of %q: %v %s", name, methods.Get(i).Name(), text, code, message)
				}
			}
			if name != "root" && len(answers) != 1 {
				t.Errorf("%s: %s has the answers %v", name, methods.Get(i).Name(), answers)
			}
		}
		s.unchanged(t)
	}
}

// administer calls a method with a text in each field that is a string.
func administer(t *testing.T, conn *grpc.ClientConn, method protoreflect.MethodDescriptor, text string) (codes.Code, string) {
	t.Helper()
	request := dynamicpb.NewMessage(method.Input())
	for i := range method.Input().Fields().Len() {
		if field := method.Input().Fields().Get(i); field.Kind() == protoreflect.StringKind {
			request.Set(field, protoreflect.ValueOfString(text))
		}
	}
	full := "/" + string(method.Parent().FullName()) + "/" + string(method.Name())
	stream, err := conn.NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true}, full)
	if err == nil {
		err = errors.Join(stream.SendMsg(request), stream.CloseSend())
	}
	for err == nil {
		err = stream.RecvMsg(dynamicpb.NewMessage(method.Output()))
		if !method.IsStreamingServer() && err == nil {
			break
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return status.Code(err), status.Convert(err).Message()
}
