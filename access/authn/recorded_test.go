package authn_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/internal/recorded"
)

// openStream is a stream of a caller.
type openStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s openStream) Context() context.Context { return s.ctx }

// TestRefusalIsRecorded checks that a call of which Refused was told gets no second line
// in an audit log: neither one that is refused when its message has arrived, nor what is
// under way on a stream that ends.
func TestRefusalIsRecorded(t *testing.T) {
	authenticator := newTokens()
	told := make(chan string, 10)
	interceptor := authn.New(authn.Options{
		Authenticators: []authn.Authenticator{authenticator},
		Recheck:        time.Millisecond,
		Refused:        func(_, reason string) { told <- reason },
	})
	ctx, mark := recorded.NewContext(t.Context())
	_, err := interceptor.Unary(ctx, nil, &grpc.UnaryServerInfo{FullMethod: "/echo.Echo/Call"}, nil)
	if err == nil || len(told) != 1 || !mark.Failure() {
		t.Errorf("a call fails with %v, is told %d times, and is recorded: %v", err, len(told), mark.Failure())
	}
	<-told
	alice := metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", "Bearer t-alice"))
	err = interceptor.Stream(nil, openStream{ctx: alice}, &grpc.StreamServerInfo{FullMethod: "/echo.Echo/Stream"}, func(_ any, stream grpc.ServerStream) error {
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
	})
	if err == nil || len(told) != 1 {
		t.Errorf("a stream ends with %v, and is told %d times", err, len(told))
	}
}
