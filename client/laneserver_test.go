package client_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/lane"
	"github.com/tranship/tranship/internal/testing/loopback"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// laneServer is a server whose calls on lanes are those of a test: handle if it is set, and
// otherwise the methods of service.
type laneServer struct {
	transhipv1.UnimplementedFileServiceServer
	handle  func(stream *lane.ServerStream) error
	service transhipv1.FileServiceServer
	// isShort means that each lane is lost when its second call begins.
	isShort bool
}

// GetServerInfo implements transhipv1.FileServiceServer.
func (laneServer) GetServerInfo(context.Context, *transhipv1.GetServerInfoRequest) (*transhipv1.GetServerInfoResponse, error) {
	return &transhipv1.GetServerInfoResponse{MaxMessageBytes: 1 << 20, Lanes: &transhipv1.Lanes{InstanceId: "id", Version: 1}}, nil
}

// serve serves gRPC and lanes until the test ends.
func (s laneServer) serve(t *testing.T) (address string) {
	t.Helper()
	behind := loopback.Serve(t, func(registrar grpc.ServiceRegistrar) { transhipv1.RegisterFileServiceServer(registrar, s) })
	return serveConns(t, func(conn net.Conn) { s.serveConn(conn, behind) })
}

// serveConns calls serve with each connection, in a goroutine of its own, until the test ends.
func serveConns(t *testing.T, serve func(conn net.Conn)) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		serving.Wait()
	})
	return listener.Addr().String()
}

func (s laneServer) serveConn(conn net.Conn, behind string) {
	defer conn.Close()
	begin := make([]byte, len(lane.Preface))
	if _, err := io.ReadFull(conn, begin); err != nil {
		return
	}
	if string(begin) == lane.Preface {
		s.serveLane(conn)
		return
	}
	forward, err := net.Dial("tcp", behind)
	if err != nil {
		return
	}
	defer forward.Close()
	if _, err := forward.Write(begin); err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(forward, conn)
		_ = forward.Close()
	}()
	_, _ = io.Copy(conn, forward)
}

func (s laneServer) serveLane(conn net.Conn) {
	end, err := lane.Accept(conn, lane.Options{Instance: "id"})
	if err != nil {
		return
	}
	defer end.Close()
	for calls := 0; ; calls++ {
		headers, err := end.AwaitHeaders(time.Hour, time.Hour)
		if err != nil || s.isShort && calls > 0 {
			return
		}
		stream := end.Serve(context.Background())
		if !stream.Finish(s.call(headers.Method, stream)) {
			return
		}
	}
}

func (s laneServer) call(method string, stream *lane.ServerStream) error {
	switch {
	case s.handle != nil:
		return s.handle(stream)
	case method == transhipv1.FileService_Upload_FullMethodName:
		return s.service.Upload(&grpc.GenericServerStream[transhipv1.UploadRequest, transhipv1.UploadResponse]{ServerStream: stream})
	default:
		return s.service.Download(&grpc.GenericServerStream[transhipv1.DownloadRequest, transhipv1.DownloadResponse]{ServerStream: stream})
	}
}

// connectService returns a client of a server whose uploads and downloads are those of service,
// over the transport of options.
func connectService(t *testing.T, service transhipv1.FileServiceServer, options client.Options) *client.Client {
	t.Helper()
	var files *client.Client
	if options.Transport == client.TransportLanes {
		var err error
		if files, err = client.Dial(t.Context(), laneServer{service: service}.serve(t), options); err != nil {
			t.Fatal(err)
		}
	} else {
		address := loopback.Serve(t, func(registrar grpc.ServiceRegistrar) { transhipv1.RegisterFileServiceServer(registrar, service) })
		files = client.New(loopback.Dial(t, address))
	}
	t.Cleanup(func() { files.Close() })
	return files
}

// TestHostileLanes checks that answers on lanes have the same meaning as over gRPC.
func TestHostileLanes(t *testing.T) {
	for name, test := range map[string]struct {
		handle func(stream *lane.ServerStream) error
		want   error
		limit  tranship.Limit
	}{
		"malformed": {
			// A field of the wrong type in the place of Opened.
			handle: func(stream *lane.ServerStream) error {
				return stream.SendMsg(&wrapperspb.BytesValue{Value: []byte{0xff, 0xff, 0xff}})
			},
			want: tranship.ErrIntegrity,
		},
		"too large": {
			handle: func(stream *lane.ServerStream) error {
				return stream.SendMsg(wrapperspb.Bytes(make([]byte, 1<<20)))
			},
			want: tranship.ErrLimit, limit: tranship.LimitMessageBytes,
		},
		"ends at once": {
			handle: func(*lane.ServerStream) error { return nil },
			want:   tranship.ErrUnavailable,
		},
	} {
		t.Run(name, func(t *testing.T) {
			files, err := client.Dial(t.Context(), laneServer{handle: test.handle}.serve(t), client.Options{
				Transport: client.TransportLanes, MaxMessageBytes: 64 << 10,
			})
			if err != nil {
				t.Fatal(err)
			}
			defer files.Close()
			_, err = files.Open(t.Context(), "a", tranship.OpenOptions{})
			if !errors.Is(err, test.want) {
				t.Errorf("Open fails with %v, want %v", err, test.want)
			}
			if limit, ok := errors.AsType[*tranship.LimitError](err); test.limit != "" && (!ok || limit.Limit != test.limit) {
				t.Errorf("Open fails with %v, want the limit %s", err, test.limit)
			}
		})
	}
}
