package interop

import (
	"context"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	contract "github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/storeserver"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// slowCopies is a store whose copies wait until release is closed.
type slowCopies struct {
	*mem.Store
	begun, release chan struct{}
}

func (s slowCopies) Copy(ctx context.Context, source, destination string, precondition contract.Precondition) (contract.File, error) {
	s.begun <- struct{}{}
	select {
	case <-s.release:
		return s.Store.Copy(ctx, source, destination, precondition)
	case <-ctx.Done():
		return contract.File{}, ctx.Err()
	}
}

// TestSlowCopyThroughProxy checks that a copy inside the server outlasts the timeout of a
// proxy, at which a call without progress ends that began after it.
func TestSlowCopyThroughProxy(t *testing.T) {
	store := slowCopies{new(mem.Store), make(chan struct{}, 2), make(chan struct{})}
	if _, err := store.Put(t.Context(), contract.Spec{Path: "a"}, []byte("data")); err != nil {
		t.Fatal(err)
	}
	at := withDefaults(t, "nginx.conf", nginxDefaults, storeserver.Serve(t, store, server.Config{}), "grpc_read_timeout 5s;", "")
	connected, err := client.Dial(t.Context(), at, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer connected.Close()
	copied := make(chan error, 1)
	go func() {
		_, err := connected.Copy(t.Context(), "a", "b", contract.Precondition{})
		copied <- err
	}()
	<-store.begun
	conn, err := grpc.NewClient(at, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = transhipv1.NewFileServiceClient(conn).Copy(t.Context(), &transhipv1.CopyRequest{SourcePath: "a", DestinationPath: "c"})
	if status.Code(err) != codes.Unavailable { // 504
		t.Errorf("a call without progress: %v", err)
	}
	close(store.release)
	if err := <-copied; err != nil {
		t.Errorf("a copy with progress: %v", err)
	}
}
