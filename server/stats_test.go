package server_test

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/quota"
)

// TestStats checks that the counts of a server follow an upload, over both transports, and that a
// server that drains is not healthy.
func TestStats(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		conn, s := serve(t, &mem.Store{}, server.Config{Anonymous: server.AnonymousWrite, Quota: quota.Options{Bytes: 1000}})
		before := s.Stats()
		if before.Calls != 0 || before.Streams != 0 || before.Uploads != 0 || before.MaxStreams <= 0 || before.Draining {
			t.Errorf("before the upload: %+v", before)
		}
		ctx, cancel := context.WithCancel(testContext(t))
		defer cancel()
		stream, err := transhipv1.NewFileServiceClient(conn).Upload(ctx)
		if err != nil {
			t.Fatal(err)
		}
		size := int64(500)
		if err := stream.Send(begin(1, "file", &size)); err != nil {
			t.Fatal(err)
		}
		if response, err := stream.Recv(); err != nil || response.GetBegun() == nil {
			t.Fatalf("%v, %v", response, err)
		}
		if err := stream.Send(chunk(1, nil, make([]byte, size))); err != nil {
			t.Fatal(err)
		}
		for s.Stats().UploadBytes < size {
			if ctx.Err() != nil {
				t.Fatalf("the upload does not count: %+v", s.Stats())
			}
		}
		during := s.Stats()
		if during.Calls < 1 || during.Streams < 1 || during.Uploads != 1 || during.UploadBytes != size {
			t.Errorf("during the upload: %+v", during)
		}
		if during.Lanes > during.Connections {
			t.Errorf("more lanes than connections: %+v", during)
		}
		if q := during.Quota; q.Principals != 1 || q.Uploads != 1 || q.ReservedBytes != size || q.FullestBytes != 0.5 {
			t.Errorf("the quota during the upload: %+v", q)
		}
		if err := stream.Send(finish(1)); err != nil {
			t.Fatal(err)
		}
		if err := stream.CloseSend(); err != nil {
			t.Fatal(err)
		}
		for err == nil {
			_, err = stream.Recv()
		}
		if code := status.Code(err); code != codes.Unknown && code != codes.OK {
			t.Error(err)
		}
		after := s.Stats()
		if q := after.Quota; after.Uploads != 0 || after.UploadBytes != 0 || q.Bytes != size || q.Files != 1 || q.ReservedBytes != 0 {
			t.Errorf("after the upload: %+v", after)
		}
		if err := s.CheckHealth(ctx); err != nil {
			t.Error(err)
		}
		s.Shutdown()
		if err := s.CheckHealth(ctx); !errors.Is(err, tranship.ErrUnavailable) || !s.Stats().Draining {
			t.Errorf("a server that drains is healthy: %v", err)
		}
	})
}
