package native

import (
	"context"
	"iter"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// panicking is a store that panics a minute after a call.
type panicking struct{ tranship.Store }

func (panicking) Copy(context.Context, string, string, tranship.Precondition) (tranship.File, error) {
	time.Sleep(time.Minute)
	panic("copy")
}

func (panicking) List(context.Context, tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	time.Sleep(time.Minute)
	panic("list")
}

func (panicking) Open(context.Context, string, tranship.OpenOptions) (tranship.Content, error) {
	time.Sleep(time.Minute)
	panic("open")
}

// countingStream is the stream of a call that counts what is sent.
type countingStream[Response any] struct {
	grpc.ServerStream
	ctx  context.Context //nolint:containedctx // it is that of the call
	sent atomic.Int64
}

func (s *countingStream[Response]) Context() context.Context { return s.ctx }

func (s *countingStream[Response]) Send(*Response) error {
	s.sent.Add(1)
	return nil
}

// Nothing is sent on a stream whose handler has ended, also if it ended because its store
// panicked: gRPC forbids that.
func TestNothingSentAfterPanic(t *testing.T) {
	t.Run("CopyFile", func(t *testing.T) {
		checkSilentAfterPanic(t, func(s *Service, stream *countingStream[transhipv1.CopyFileResponse]) {
			_ = s.CopyFile(&transhipv1.CopyFileRequest{}, stream)
		})
	})
	t.Run("VerifyFile", func(t *testing.T) {
		checkSilentAfterPanic(t, func(s *Service, stream *countingStream[transhipv1.VerifyFileResponse]) {
			_ = s.VerifyFile(&transhipv1.VerifyFileRequest{}, stream)
		})
	})
	t.Run("DeleteTree", func(t *testing.T) {
		checkSilentAfterPanic(t, func(s *Service, stream *countingStream[transhipv1.DeleteTreeResponse]) {
			_ = s.DeleteTree(&transhipv1.DeleteTreeRequest{Directory: "d"}, stream)
		})
	})
}

func checkSilentAfterPanic[Response any](t *testing.T, handle func(*Service, *countingStream[Response])) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		stream := &countingStream[Response]{ctx: t.Context()}
		func() {
			defer func() { _ = recover() }()
			handle(New(panicking{}, Options{}), stream)
		}()
		before := stream.sent.Load()
		if before == 0 {
			t.Error("nothing was sent while the store was at work")
		}
		time.Sleep(time.Hour)
		if after := stream.sent.Load(); after != before {
			t.Errorf("%d messages were sent after the handler had ended", after-before)
		}
	})
}
