package quiet

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rpcstatus"
	"github.com/tranship/tranship/internal/testing/laneconn"
	"github.com/tranship/tranship/internal/testing/pipenet"
	"github.com/tranship/tranship/internal/testing/storeserver"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// overBoth runs a test in virtual time, over HTTP/2 and over lanes.
func overBoth(t *testing.T, test func(t *testing.T, onLanes bool)) {
	t.Helper()
	for name, onLanes := range map[string]bool{"HTTP2": false, "lanes": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, onLanes) })
		})
	}
}

// newRaw is newSite for a client of generated code. onLanes makes its calls on lanes, which a
// server of the package serves.
func newRaw(t *testing.T, store tranship.Store, onLanes bool) transhipv1.FileServiceClient {
	t.Helper()
	network, grpcServer := pipenet.New(), grpc.NewServer()
	served := storeserver.New(t, store, server.Config{Insecure: true})
	serve, stop := grpcServer.Serve, grpcServer.Stop
	if onLanes {
		serve = func(listener net.Listener) error { return served.Serve(context.Background(), listener) }
		stop = served.Stop
	} else {
		served.Mount(grpcServer)
	}
	done := make(chan error, 1)
	go func() { done <- serve(network) }()
	conn, err := grpc.NewClient("passthrough:///server:1", grpc.WithContextDialer(network.Dial), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		stop()
		<-done
	})
	if !onLanes {
		return transhipv1.NewFileServiceClient(conn)
	}
	return transhipv1.NewFileServiceClient(laneconn.OverDialer(t, conn, func(ctx context.Context) (net.Conn, error) { return network.Dial(ctx, "") }))
}

func put(slot uint64) *transhipv1.UploadRequest {
	return &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Put{Put: &transhipv1.Put{Slot: slot, Path: "put", Data: []byte("x")}}}
}

// TestAskedInterval checks that the server sends a sign of life as often as the client asks,
// within bounds, while a file is under way and at no other time; and none to a client that
// does not ask.
func TestAskedInterval(t *testing.T) {
	for _, test := range []struct {
		asked string
		want  int
	}{
		{"", 0}, {"nonsense", 0}, {"1", 119}, {"5000", 11}, {"3600000", 2},
	} {
		overBoth(t, func(t *testing.T, onLanes bool) {
			client := newRaw(t, &slowStore{&mem.Store{}, time.Minute}, onLanes)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if test.asked != "" {
				ctx = metadata.AppendToOutgoingContext(ctx, "tranship-keep-alive", test.asked)
			}
			stream, err := client.Upload(ctx)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour / 2) // with no file under way
			if err := stream.Send(put(1)); err != nil {
				t.Fatal(err)
			}
			signs := 0
			for {
				response, err := stream.Recv()
				if err != nil {
					t.Fatal(err)
				}
				if response.GetFinished() != nil {
					break
				}
				if response.GetKeepAlive() == nil {
					t.Fatalf("the server sent %v", response)
				}
				signs++
			}
			if signs < test.want || signs > test.want+1 {
				t.Errorf("asked for %q: %d signs of life in a minute, want %d", test.asked, signs, test.want)
			}
		})
	}
}

// TestSignsOfLifeAreNoReading checks that a client that does not take what it asked for is
// ended, whatever it sends meanwhile.
func TestSignsOfLifeAreNoReading(t *testing.T) {
	for name, request := range map[string]*transhipv1.DownloadRequest{
		"signs of life":     {Request: &transhipv1.DownloadRequest_KeepAlive{KeepAlive: &transhipv1.KeepAlive{}}},
		"cancelled nothing": {Request: &transhipv1.DownloadRequest_Cancel{Cancel: &transhipv1.Cancel{Slot: 7}}},
	} {
		t.Run(name, func(t *testing.T) {
			overBoth(t, func(t *testing.T, onLanes bool) {
				store := &mem.Store{}
				fill(t, store, "f", pattern(8<<20))
				stream, err := newRaw(t, store, onLanes).Download(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				open := &transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_Open{Open: &transhipv1.Open{Slot: 1, Path: "f"}}}
				if err := stream.Send(open); err != nil {
					t.Fatal(err)
				}
				for range 3 * 60 * 20 { // three minutes
					if err := stream.Send(request); errors.Is(err, io.EOF) {
						break
					} else if err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Second / 20)
				}
				for err == nil {
					_, err = stream.Recv()
				}
				over, ok := errors.AsType[*tranship.LimitError](rpcstatus.FromError(err))
				if onLanes { // where a status cannot overtake the messages that are not read
					ok = status.Code(err) == codes.Unavailable
					over = &tranship.LimitError{Limit: tranship.LimitMinRate}
				}
				if !ok || over.Limit != tranship.LimitMinRate {
					t.Errorf("the download ended with %v", err)
				}
			})
		})
	}
}

// TestSignsOfLifeAreNoSending checks the same for an upload of a known size.
func TestSignsOfLifeAreNoSending(t *testing.T) {
	overBoth(t, func(t *testing.T, onLanes bool) {
		ctx, cancel := context.WithCancel(t.Context())
		stream, err := newRaw(t, &mem.Store{}, onLanes).Upload(ctx)
		if err != nil {
			t.Fatal(err)
		}
		begin := &transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_Begin{Begin: &transhipv1.Begin{Slot: 1, Path: "f", Size: new(int64(8 << 20))}}}
		if err := stream.Send(begin); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		defer func() {
			cancel()
			<-ended
		}()
		go func() {
			defer close(ended)
			for stream.Send(&transhipv1.UploadRequest{Request: &transhipv1.UploadRequest_KeepAlive{KeepAlive: &transhipv1.KeepAlive{}}}) == nil {
				time.Sleep(time.Second / 20)
			}
		}()
		begun := time.Now()
		for {
			response, err := stream.Recv()
			if err != nil {
				t.Fatal(err)
			}
			failed := response.GetFailed()
			if failed == nil {
				continue
			}
			over, ok := errors.AsType[*tranship.LimitError](rpcstatus.FromProto(failed.GetStatus()))
			if took := time.Since(begun); !ok || over.Limit != tranship.LimitMinRate || took > 2*time.Minute {
				t.Errorf("after %v the upload failed with %v", took, failed)
			}
			return
		}
	})
}
