package grpcadmission_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/client"
	compatclient "github.com/tranship/tranship/client/filesrv"
	"github.com/tranship/tranship/internal/testing/loopback"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/internal/filesrv"
	"github.com/tranship/tranship/server/internal/grpcadmission"
	"github.com/tranship/tranship/server/internal/native"
	"github.com/tranship/tranship/store/mem"
)

// site is a server of files, whose calls need a token, with all of its own options.
type site struct {
	store   *mem.Store
	tokens  *tokens
	clock   clock
	address string
	// begun has an element for each stream that was let in, ended for each whose
	// context has ended, returned for each whose handler has returned.
	begun, ended, returned chan struct{}
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{
		store: &mem.Store{}, tokens: newTokens(), clock: newClock(),
		begun: make(chan struct{}, 100), ended: make(chan struct{}, 100), returned: make(chan struct{}, 100),
	}
	adapter := grpcadmission.New(admission.New(s.clock.options(s.tokens)), grpcadmission.Options{})
	s.address = loopback.Serve(t, func(inner grpc.ServiceRegistrar) {
		registrar := observed{adapter.Registrar(inner), s}
		native.New(s.store, native.Options{}).Register(registrar)
		filesrv.New(s.store, filesrv.Options{}).Register(registrar)
	}, append(server.GRPCOptions(server.Config{}), adapter.ServerOptions()...)...)
	return s
}

// observed is a registrar that tells a site of the streams that were admitted.
type observed struct {
	grpc.ServiceRegistrar
	site *site
}

func (o observed) RegisterService(description *grpc.ServiceDesc, service any) {
	wrapped := *description
	wrapped.Streams = slices.Clone(description.Streams)
	for i, stream := range wrapped.Streams {
		wrapped.Streams[i].Handler = func(service any, admitted grpc.ServerStream) error {
			o.site.begun <- struct{}{}
			context.AfterFunc(admitted.Context(), func() { o.site.ended <- struct{}{} })
			defer func() { o.site.returned <- struct{}{} }()
			return stream.Handler(service, admitted)
		}
	}
	o.ServiceRegistrar.RegisterService(&wrapped, service)
}

func (s *site) options() client.Options {
	return client.Options{Token: func(context.Context) (string, error) { return "t-alice", nil }}
}

// revoke makes all tokens bad, and returns once a stream has looked. idle: its handler
// must return of itself.
func (s *site) revoke(t *testing.T, idle bool) {
	t.Helper()
	await(t, s.begun)
	s.tokens.set(func(good map[string]authn.Identity) { clear(good) })
	s.clock.run(t)
	await(t, s.ended)
	if idle {
		await(t, s.returned)
	}
}

func await(t *testing.T, happened <-chan struct{}) {
	t.Helper()
	select {
	case <-happened:
	case <-time.After(time.Minute):
		t.Fatal("it does not end")
	}
}

// empty fails if anything has got into the store.
func (s *site) empty(t *testing.T) {
	t.Helper()
	for entry, err := range s.store.List(t.Context(), tranship.ListOptions{Recursive: true}) {
		t.Errorf("the store has %q, %v", entry.Path, err)
	}
}

// An upload under way ends when its token is revoked, also while nothing is sent.
func TestUploadRevoked(t *testing.T) {
	s := newSite(t)
	connected, err := client.Dial(t.Context(), s.address, s.options())
	if err != nil {
		t.Fatal(err)
	}
	defer connected.Close()
	size := int64(2000)
	upload, err := connected.Begin(t.Context(), tranship.Spec{Path: "file", Size: &size})
	if err != nil {
		t.Fatal(err)
	}
	part, err := upload.Part(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	s.revoke(t, true)
	_, err = part.Write(make([]byte, 1000))
	if err == nil {
		err = part.Close()
	}
	if err == nil {
		_, err = upload.Commit(t.Context(), tranship.Commit{Size: size})
	}
	if !errors.Is(err, tranship.ErrUnauthenticated) {
		t.Errorf("got %v, want ErrUnauthenticated", err)
	}
	s.empty(t)
}

// A stream for small files that waits for the next ends, too, and takes no more.
func TestPutRevoked(t *testing.T) {
	s := newSite(t)
	connected, err := client.Dial(t.Context(), s.address, s.options())
	if err != nil {
		t.Fatal(err)
	}
	defer connected.Close()
	if _, err := connected.Put(t.Context(), tranship.Spec{Path: "before"}, []byte("x")); err != nil {
		t.Fatal(err)
	}
	s.revoke(t, true)
	if _, err := connected.Put(t.Context(), tranship.Spec{Path: "after"}, []byte("x")); !errors.Is(err, tranship.ErrUnauthenticated) {
		t.Errorf("got %v, want ErrUnauthenticated", err)
	}
	if _, err := s.store.Stat(t.Context(), "after"); !errors.Is(err, tranship.ErrNotFound) {
		t.Errorf("the file was stored: %v", err)
	}
}

// A stream for downloads that waits for the next ends, too.
func TestDownloadRevoked(t *testing.T) {
	s := newSite(t)
	if _, err := s.store.Put(t.Context(), tranship.Spec{Path: "file"}, []byte("x")); err != nil {
		t.Fatal(err)
	}
	conn, err := client.DialConn(t.Context(), s.address, s.options())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	stream, err := transhipv1.NewFileServiceClient(conn).Download(ctx)
	if err != nil {
		t.Fatal(err)
	}
	open := &transhipv1.DownloadRequest{Request: &transhipv1.DownloadRequest_Open{Open: &transhipv1.Open{Slot: 1, Path: "file"}}}
	if err := stream.Send(open); err != nil {
		t.Fatal(err)
	}
	for done := false; !done; {
		response, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		done = response.GetDone() != nil
	}
	s.revoke(t, true)
	if _, err := stream.Recv(); status.Code(err) != codes.Unauthenticated {
		t.Errorf("got %v, want UNAUTHENTICATED", err)
	}
}

// An upload of a protocol whose handler only waits for messages ends with the next.
func TestCompatibleUploadRevoked(t *testing.T) {
	s := newSite(t)
	conn, err := client.DialConn(t.Context(), s.address, s.options())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	upload, err := compatclient.New(conn, compatclient.Options{}).Begin(t.Context(), tranship.Spec{Path: "file.txt"})
	if err != nil {
		t.Fatal(err)
	}
	part, err := upload.Part(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write([]byte("begin")); err != nil {
		t.Fatal(err)
	}
	s.revoke(t, false)
	_, err = part.Write([]byte("end"))
	if err == nil {
		err = part.Close()
	}
	if err == nil {
		_, err = upload.Commit(t.Context(), tranship.Commit{Size: 8})
	}
	if !errors.Is(err, tranship.ErrUnauthenticated) {
		t.Errorf("got %v, want ErrUnauthenticated", err)
	}
	s.empty(t)
}
