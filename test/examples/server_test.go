package examples

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/tlsconfig"
	"github.com/tranship/tranship/access/token"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/loopback"
)

// timeout bounds the time of an example.
const timeout = time.Minute

// startServer runs the program of an example in a directory on a free port, and returns its
// address once it serves. When the test ends, an interrupt must stop it cleanly.
func startServer(t *testing.T, name, dir string) (address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	cmd := exec.CommandContext(ctx, programOf(name), "-listen", "127.0.0.1:0")
	cmd.Dir = dir
	output, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(output)
	t.Cleanup(func() {
		defer cancel()
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		for lines.Scan() {
			t.Log(lines.Text())
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	})
	for lines.Scan() {
		t.Log(lines.Text())
		if _, address, ok := strings.Cut(lines.Text(), "serving address="); ok {
			address, _, _ = strings.Cut(address, " ")
			return address
		}
	}
	t.Fatalf("%s ended before it served", name)
	return ""
}

// connect returns a client of an example that is closed when the test ends.
func connect(t *testing.T, address string, options client.Options) *client.Client {
	t.Helper()
	files, err := client.Dial(t.Context(), address, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { files.Close() })
	return files
}

// put stores a file.
func put(t *testing.T, files tranship.Writer, path string) error {
	t.Helper()
	_, err := files.Put(t.Context(), tranship.Spec{Path: path}, []byte("content"))
	return err
}

func TestServe(t *testing.T) {
	dir := t.TempDir()
	secret, _, err := token.New(filepath.Join(dir, "tokens"), token.Entry{Name: "ann"}, time.Now(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "policy"), []byte("allow ann read,write,list site\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "files"), 0o700); err != nil {
		t.Fatal(err)
	}
	address := startServer(t, "serve", dir)
	trust, err := tlsconfig.Client(address, tlsconfig.ClientOptions{KnownHostsFile: filepath.Join(dir, "known_hosts"), TrustOnFirstUse: true})
	if err != nil {
		t.Fatal(err)
	}
	files := connect(t, address, client.Options{TLS: trust, Token: func(context.Context) (string, error) { return secret, nil }})
	if err := put(t, files, "site/index.html"); err != nil {
		t.Error(err)
	}
	if err := put(t, files, "elsewhere"); !errors.Is(err, tranship.ErrDenied) {
		t.Errorf("ann writes what the policy does not allow: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "files", "site", "index.html")); err != nil {
		t.Error(err)
	}
	if _, err := client.Dial(t.Context(), address, client.Options{TLS: trust}); !errors.Is(err, tranship.ErrUnauthenticated) {
		t.Errorf("a client without a token: %v", err)
	}
}

func TestMount(t *testing.T) {
	address := startServer(t, "mount", t.TempDir())
	ann := connect(t, address, client.Options{DialOptions: asUser("ann")})
	if err := put(t, ann, "home/ann/file"); err != nil {
		t.Error(err)
	}
	if err := put(t, ann, "home/bob/file"); !errors.Is(err, tranship.ErrDenied) {
		t.Errorf("ann writes bob's files: %v", err)
	}
	if _, err := client.Dial(t.Context(), address, client.Options{}); !errors.Is(err, tranship.ErrUnauthenticated) {
		t.Errorf("a client without a user: %v", err)
	}
	if _, err := healthv1.NewHealthClient(loopback.Dial(t, address)).Check(t.Context(), &healthv1.HealthCheckRequest{}); err != nil {
		t.Errorf("the program's own service: %v", err)
	}
}

// asUser returns the options of a client whose user a gateway has authenticated.
func asUser(name string) []grpc.DialOption {
	as := func(ctx context.Context) context.Context {
		return metadata.AppendToOutgoingContext(ctx, "x-user", name)
	}
	return []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(func(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
			return invoke(as(ctx), method, request, reply, conn, options...)
		}),
		grpc.WithChainStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
			return open(as(ctx), desc, conn, method, options...)
		}),
	}
}

func TestAuthenticator(t *testing.T) {
	address := startServer(t, "authenticator", t.TempDir())
	with := func(key string) client.Options {
		return client.Options{Token: func(context.Context) (string, error) { return key, nil }}
	}
	if err := put(t, connect(t, address, with("key-of-ann")), "file"); err != nil {
		t.Error(err)
	}
	for _, key := range []string{"key-of-bob", "other", ""} {
		if _, err := client.Dial(t.Context(), address, with(key)); !errors.Is(err, tranship.ErrUnauthenticated) {
			t.Errorf("a client with key %q: %v", key, err)
		}
	}
}
