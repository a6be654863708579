package server_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/testing/loopback"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// TestCallerFails checks what clients are told of errors of Config.Caller, by calls with
// one message and by streams.
func TestCallerFails(t *testing.T) {
	for name, test := range map[string]struct {
		find func(context.Context) (access.Principal, error)
		want codes.Code
	}{
		"unauthenticated": {failing(tranship.ErrUnauthenticated), codes.Unauthenticated},
		"denied":          {failing(tranship.ErrDenied), codes.PermissionDenied},
		"unavailable":     {failing(tranship.ErrUnavailable), codes.Unavailable},
		"internal":        {failing(errors.New("open /secret: no such file")), codes.Internal},
		"no principal":    {failing(nil), codes.Unauthenticated},
		"a panic":         {func(context.Context) (access.Principal, error) { panic("secret") }, codes.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := server.New(t.Context(), server.Config{Store: &mem.Store{}, Caller: test.find})
			if err != nil {
				t.Fatal(err)
			}
			files := transhipv1.NewFileServiceClient(loopback.Dial(t, loopback.Serve(t, s.Mount)))
			_, unary := files.Stat(testContext(t), &transhipv1.StatRequest{Path: "file"})
			stream, err := files.Upload(testContext(t))
			if err != nil {
				t.Fatal(err)
			}
			_, streamed := stream.Recv()
			for _, err := range []error{unary, streamed} {
				if status.Code(err) != test.want || strings.Contains(err.Error(), "secret") {
					t.Errorf("got %v, want %v", err, test.want)
				}
			}
		})
	}
}

func failing(err error) func(context.Context) (access.Principal, error) {
	return func(context.Context) (access.Principal, error) { return access.Principal{}, err }
}
