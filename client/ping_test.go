package client_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/client/filesrv"
	"github.com/tranship/tranship/internal/testing/pipenet"
	filesrvv1 "github.com/tranship/tranship/proto/filesrv/v1"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// strict runs a grpc.Server without options: it ends connections that ping more often than
// every 5 minutes. It returns options of a connection to it, which wrap, if not nil, wraps.
// Both are in virtual time.
func strict(t *testing.T, register func(grpc.ServiceRegistrar), wrap func(net.Conn) net.Conn) client.Options {
	t.Helper()
	network, server := pipenet.New(), grpc.NewServer()
	register(server)
	done := make(chan error, 1)
	go func() { done <- server.Serve(network) }()
	t.Cleanup(func() {
		server.Stop()
		<-done
	})
	return client.Options{DialOptions: []grpc.DialOption{grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
		conn, err := network.Dial(ctx, address)
		if err == nil && wrap != nil {
			conn = wrap(conn)
		}
		return conn, err
	})}}
}

// patient is a server of another project that answers an upload when it has all of it.
type patient struct {
	filesrvv1.UnimplementedFileSrvServer
}

func (patient) UploadFile(stream grpc.ClientStreamingServer[filesrvv1.UploadRequest, filesrvv1.StringResponse]) error {
	for {
		if _, err := stream.Recv(); errors.Is(err, io.EOF) {
			return stream.SendAndClose(&filesrvv1.StringResponse{Message: "Success!"})
		} else if err != nil {
			return err
		}
	}
}

// TestNoPingsToForeignServer checks that an upload whose source pauses for an hour is not
// ended by a server with the default policy of gRPC.
func TestNoPingsToForeignServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		options := strict(t, func(r grpc.ServiceRegistrar) { filesrvv1.RegisterFileSrvServer(r, patient{}) }, nil)
		conn, err := client.DialConn(t.Context(), "127.0.0.1:1", options)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		upload, err := filesrv.New(conn, filesrv.Options{}).Begin(t.Context(), tranship.Spec{Path: "a.bin"})
		if err != nil {
			t.Fatal(err)
		}
		part, err := upload.Part(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := part.Write([]byte("ten bytes\n")); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
		}
		if err := part.Close(); err != nil {
			t.Fatal(err)
		}
		if file, err := upload.Commit(t.Context(), tranship.Commit{Size: 20}); err != nil || file.Size != 20 {
			t.Errorf("%+v, %v", file, err)
		}
	})
}

// slow answers GetServerInfo at once, and a Copy after an hour.
type slow struct {
	transhipv1.UnimplementedFileServiceServer
}

func (slow) GetServerInfo(context.Context, *transhipv1.GetServerInfoRequest) (*transhipv1.GetServerInfoResponse, error) {
	return &transhipv1.GetServerInfoResponse{}, nil
}

func (slow) Copy(ctx context.Context, _ *transhipv1.CopyRequest) (*transhipv1.CopyResponse, error) {
	select {
	case <-time.After(time.Hour):
		return &transhipv1.CopyResponse{File: &transhipv1.File{Path: "b", Version: "1"}}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestNoPings checks the same for a call of the native protocol on the grpc.Server of a
// program, without options.
func TestNoPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		options := strict(t, func(r grpc.ServiceRegistrar) { transhipv1.RegisterFileServiceServer(r, slow{}) }, nil)
		connected, err := client.Dial(t.Context(), "127.0.0.1:1", options)
		if err != nil {
			t.Fatal(err)
		}
		defer connected.Close()
		if _, err := connected.Copy(t.Context(), "a", "b", tranship.Precondition{}); err != nil {
			t.Error(err)
		}
	})
}

// TestCopyOnFrozenServer checks that a call without a limit of its own ends when the server
// answers nothing any more.
func TestCopyOnFrozenServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var conn *pipenet.Freezable
		options := strict(t, func(r grpc.ServiceRegistrar) { transhipv1.RegisterFileServiceServer(r, slow{}) }, func(made net.Conn) net.Conn {
			conn = &pipenet.Freezable{Conn: made}
			return conn
		})
		connected, err := client.Dial(t.Context(), "127.0.0.1:1", options)
		if err != nil {
			t.Fatal(err)
		}
		defer connected.Close()
		time.AfterFunc(time.Minute/2+time.Second, func() { conn.Frozen.Store(true) })
		begun := time.Now()
		_, err = connected.Copy(t.Context(), "a", "b", tranship.Precondition{})
		if took := time.Since(begun); !errors.Is(err, tranship.ErrUnavailable) || took != 3*client.DefaultStallTimeout {
			t.Errorf("%v after %v", err, took)
		}
	})
}

// TestSilentConnectionReplaced checks that, after a stall, the next call gets another
// connection if nothing came on the old one: TCP does not notice that it is dead.
func TestSilentConnectionReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var conns []*pipenet.Freezable
		options := strict(t, func(r grpc.ServiceRegistrar) { transhipv1.RegisterFileServiceServer(r, slow{}) }, func(made net.Conn) net.Conn {
			conns = append(conns, &pipenet.Freezable{Conn: made})
			return conns[len(conns)-1]
		})
		connected, err := client.Dial(t.Context(), "127.0.0.1:1", options)
		if err != nil {
			t.Fatal(err)
		}
		defer connected.Close()
		conns[0].Frozen.Store(true)
		if _, err := connected.Info(t.Context()); !errors.Is(err, tranship.ErrUnavailable) {
			t.Fatalf("a frozen connection: %v", err)
		}
		synctest.Wait() // grpc-go notices
		if _, err := connected.Info(t.Context()); err != nil || len(conns) != 2 {
			t.Errorf("%v, with %d connections", err, len(conns))
		}
	})
}
