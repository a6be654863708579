package client_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// TestPutWaitsWithItsContext puts files to a server that allows no more streams. It checks
// that each Put waits until its own context ends, and that Close ends the others.
func TestPutWaitsWithItsContext(t *testing.T) {
	address := storeserver.Mount(t, &mem.Store{}, server.Config{}, grpc.MaxConcurrentStreams(1))
	files, err := client.Dial(t.Context(), address, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	if _, err := files.Begin(t.Context(), tranship.Spec{Path: "large"}); err != nil { // takes the stream
		t.Fatal(err)
	}
	long := make(chan error, 1)
	go func() {
		_, err := files.Put(t.Context(), tranship.Spec{Path: "long"}, nil)
		long <- err
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := files.Put(ctx, tranship.Spec{Path: "short"}, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a put whose deadline has passed: %v", err)
	}
	if err := files.Close(); err != nil {
		t.Error(err)
	}
	if err := <-long; !errors.Is(err, tranship.ErrUnavailable) {
		t.Errorf("a put whose client was closed: %v, want ErrUnavailable", err)
	}
}
