package grpcadmission_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/internal/recorded"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/internal/grpcadmission"
)

// openStream is a stream of a caller.
type openStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s openStream) Context() context.Context { return s.ctx }

// told is an audit log that only counts.
type told struct{ refused, failed chan string }

func newTold() told { return told{make(chan string, 10), make(chan string, 10)} }

func (t told) Refused(_, reason string)           { t.refused <- reason }
func (t told) RefusedHandshake(_, reason string)  { t.refused <- reason }
func (t told) RefusedConnection(_, reason string) { t.refused <- reason }
func (t told) RefusedCall(_ context.Context, method, _, _, _ string, _ error) {
	t.failed <- method
}

// TestRefusalIsRecorded checks that a call of which Refused was told gets no second line
// in an audit log: neither one that is refused before its message, nor what is under way
// on a stream that ends.
func TestRefusalIsRecorded(t *testing.T) {
	authenticator, audit := newTokens(), newTold()
	door := admission.New(admission.Options{
		Authenticators: []authn.Authenticator{authenticator},
		Recheck:        time.Millisecond,
		Audit:          audit,
	})
	waiting := grpc.StreamDesc{StreamName: "Stream", ClientStreams: true, ServerStreams: true, Handler: func(_ any, stream grpc.ServerStream) error {
		_, mark := recorded.NewContext(stream.Context())
		if mark.Failure() {
			t.Error("a failure is recorded before there is one")
		}
		authenticator.set(func(map[string]authn.Identity) { authenticator.err = tranship.ErrUnavailable })
		<-stream.Context().Done()
		if !mark.Failure() {
			t.Error("what ended the stream is not recorded")
		}
		return nil
	}}
	adapter := grpcadmission.New(door, grpcadmission.Options{})
	description := adapter.Wrap(&grpc.ServiceDesc{
		ServiceName: "echo.Echo", Methods: echo.Methods, Streams: []grpc.StreamDesc{waiting},
	})
	_, err := description.Methods[0].Handler(nil, t.Context(), nil, nil)
	if err == nil || len(audit.refused) != 1 || len(audit.failed) != 0 {
		t.Errorf("a call fails with %v, and is told %d times", err, len(audit.refused)+len(audit.failed))
	}
	<-audit.refused
	alice := metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", "Bearer t-alice"))
	err = description.Streams[0].Handler(nil, openStream{ctx: alice})
	adapter.Wait()
	if err == nil || len(audit.refused) != 1 || len(audit.failed) != 0 {
		t.Errorf("a stream ends with %v, and is told %d times", err, len(audit.refused)+len(audit.failed))
	}
}
