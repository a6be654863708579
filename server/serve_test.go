package server_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/loopback"
	"github.com/tranship/tranship/internal/testing/storeserver"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

// TestServeDrains ends the context of Serve: what is under way finishes, on every
// listener, and Serve returns nil.
func TestServeDrains(t *testing.T) {
	store := &mem.Store{}
	s := storeserver.New(t, store, server.Config{})
	first, second := listen(t), listen(t)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, first, second) }()
	streams := make([]grpc.BidiStreamingClient[transhipv1.UploadRequest, transhipv1.UploadResponse], 2)
	for i, listener := range []net.Listener{first, second} {
		files := transhipv1.NewFileServiceClient(loopback.Dial(t, listener.Addr().String()))
		streams[i] = start(t, testContext(t), files, begin(1, listener.Addr().String(), nil), chunk(1, nil, []byte("some")))
		receive(t, streams[i])
	}
	stop()
	for i, listener := range []net.Listener{first, second} {
		send(t, streams[i], finish(1))
		if finished := receive(t, streams[i]).GetFinished(); finished == nil {
			t.Error("a file under way was not finished")
		}
		if got := content(t, store, listener.Addr().String()); string(got) != "some" {
			t.Errorf("the file has %q", got)
		}
	}
	if err := <-served; err != nil {
		t.Errorf("Serve returned %v", err)
	}
	if _, err := net.Dial("tcp", first.Addr().String()); err == nil {
		t.Error("the listener is open")
	}
	if err := s.Serve(t.Context(), listen(t)); err == nil {
		t.Error("Serve could be called a second time")
	}
}

// TestServeCuts checks how Serve ends when what is under way does not.
func TestServeCuts(t *testing.T) {
	for name, test := range map[string]struct {
		timeout    time.Duration
		drain, cut bool
		want       error
	}{
		"no time to drain":   {-1, true, false, server.ErrDrainTimeout},
		"stop while drained": {time.Hour, true, true, server.ErrStopped},
		"stop":               {time.Hour, false, true, server.ErrStopped},
	} {
		t.Run(name, func(t *testing.T) {
			store := &watched{aborted: make(chan struct{}, 1)}
			s := storeserver.New(t, store, server.Config{DrainTimeout: test.timeout})
			listener := listen(t)
			ctx, stop := context.WithCancel(t.Context())
			served := make(chan error, 1)
			go func() { served <- s.Serve(ctx, listener) }()
			files := transhipv1.NewFileServiceClient(loopback.Dial(t, listener.Addr().String()))
			receive(t, start(t, testContext(t), files, begin(1, "file", nil)))
			if test.drain {
				stop()
			}
			if test.cut {
				s.Stop()
			}
			if err := <-served; !errors.Is(err, test.want) {
				t.Errorf("Serve returned %v, want %v", err, test.want)
			}
			<-store.aborted
			stop()
		})
	}
}

// TestServeRefuses checks that Serve closes listeners that it does not serve.
func TestServeRefuses(t *testing.T) {
	s := storeserver.New(t, &mem.Store{}, server.Config{})
	beyond, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	err = s.Serve(t.Context(), listen(t), beyond)
	if refused, ok := errors.AsType[*server.ListenError](err); !ok || refused.Reason != server.ListenPlaintext {
		t.Errorf("Serve returned %v, want a ListenError", err)
	}
	if _, err := beyond.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the listener is open: %v", err)
	}
	if err := storeserver.New(t, &mem.Store{}, server.Config{}).Serve(t.Context()); err == nil {
		t.Error("Serve serves nothing")
	}
}

// TestServeListenerFails closes one of two listeners: Serve returns.
func TestServeListenerFails(t *testing.T) {
	s := storeserver.New(t, &mem.Store{}, server.Config{})
	first, second := listen(t), listen(t)
	first.Close()
	if err := s.Serve(t.Context(), second, first); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve returned %v, want net.ErrClosed", err)
	}
}

// TestServeHealth checks health and reflection: a probe of the whole server needs no
// credentials, all else does.
func TestServeHealth(t *testing.T) {
	for name, config := range map[string]server.Config{
		"tokens": {Authenticators: []authn.Authenticator{names{"ann"}}},
		"Caller": {Caller: loopback.Caller},
	} {
		t.Run(name, func(t *testing.T) {
			config.Store, config.Protocols.Filetransfer = &mem.Store{}, true
			s, err := server.New(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			listener := listen(t)
			served := make(chan error, 1)
			ctx, stop := context.WithCancel(t.Context())
			go func() { served <- s.Serve(ctx, listener) }()
			t.Cleanup(func() {
				stop()
				<-served
			})
			address := listener.Addr().String()
			stranger := loopback.Dial(t, address)
			probe := func(conn grpc.ClientConnInterface, service string) codes.Code {
				answer, err := healthv1.NewHealthClient(conn).Check(testContext(t), &healthv1.HealthCheckRequest{Service: service})
				if err == nil && answer.GetStatus() != healthv1.HealthCheckResponse_SERVING {
					t.Errorf("%s is %v", service, answer.GetStatus())
				}
				return status.Code(err)
			}
			if code := probe(stranger, ""); code != codes.OK {
				t.Errorf("a probe without credentials: %v", code)
			}
			if code := probe(stranger, transhipv1.FileService_ServiceDesc.ServiceName); code != codes.Unauthenticated {
				t.Errorf("a probe of one service without credentials: %v", code)
			}
			if code := reflect(t, stranger); code != codes.Unauthenticated {
				t.Errorf("reflection without credentials: %v", code)
			}
			options := namedIn("ann")
			if name == "tokens" {
				options = tokenOf("ann")
			}
			ann, err := client.DialConn(testContext(t), address, options)
			if err != nil {
				t.Fatal(err)
			}
			defer ann.Close()
			if code := probe(ann, transhipv1.FileService_ServiceDesc.ServiceName); code != codes.OK {
				t.Errorf("a probe of one service: %v", code)
			}
			if code := reflect(t, ann); code != codes.OK {
				t.Errorf("reflection: %v", code)
			}
		})
	}
}

// reflect asks a server for its services.
func reflect(t *testing.T, conn grpc.ClientConnInterface) codes.Code {
	t.Helper()
	stream, err := reflectionv1.NewServerReflectionClient(conn).ServerReflectionInfo(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	_ = stream.Send(&reflectionv1.ServerReflectionRequest{
		MessageRequest: &reflectionv1.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: "FileTransfer.FileService"},
	})
	answer, err := stream.Recv()
	if err == nil && answer.GetFileDescriptorResponse() == nil {
		t.Errorf("reflection answers %v", answer)
	}
	return status.Code(err)
}
