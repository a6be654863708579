package client_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/loopback"
)

// TestDialFailures checks that Dial fails soon and with a clear error if something else
// than a server answers.
func TestDialFailures(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	page := httptest.NewUnstartedServer(http.NotFoundHandler())
	page.Config.Protocols = new(http.Protocols)
	page.Config.Protocols.SetUnencryptedHTTP2(true)
	page.Start()
	defer page.Close()
	other := loopback.Serve(t, func(grpc.ServiceRegistrar) {})

	for _, test := range []struct {
		name, address string
		want          error
		message       string
	}{
		{"nothing there", closed.Addr().String(), tranship.ErrUnavailable, "connection refused"},
		{"silent", silent.Addr().String(), tranship.ErrUnavailable, "no answer within 200ms"},
		{"web server", web.Listener.Addr().String(), tranship.ErrUnavailable, "cannot connect to a gRPC server"},
		{"a page of a gateway", page.Listener.Addr().String(), tranship.ErrUnsupported, "not a gRPC server but a proxy or web server answered, with HTTP status 404 (Not Found): it does not pass gRPC calls of this path to a server"},
		{"another service", other, tranship.ErrUnsupported, "does not serve tranship.v1.FileService"},
		{"no such host", "nowhere.invalid:1", tranship.ErrUnavailable, "nowhere.invalid"},
		{"no port", "nowhere", tranship.ErrInvalid, "the port is missing"},
		{"another scheme", "dns:///127.0.0.1:1", tranship.ErrInvalid, "scheme"},
		{"another resolver", "unix:/tmp/socket", tranship.ErrInvalid, "port"},
		{"nothing", "", tranship.ErrInvalid, "the host is missing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := client.Dial(t.Context(), test.address, client.Options{ConnectTimeout: 200 * time.Millisecond})
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.message) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %v with %q", err, test.want, test.message)
			}
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := client.Dial(ctx, silent.Addr().String(), client.Options{}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
	})
}
