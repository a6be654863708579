package engines

import (
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/faultproxy"
	"github.com/tranship/tranship/internal/testing/program"
	"github.com/tranship/tranship/internal/testing/s3engine"
	"github.com/tranship/tranship/store/s3"
)

// prefix is the prefix of the stores.
const prefix = "team/files"

// fleet is several servers in front of one bucket, behind a proxy that leads the connections of
// clients to them in turn.
type fleet struct {
	endpoint, bucket string
	servers          []*program.Server
	proxy            *faultproxy.Proxy
}

// newFleet starts n servers.
func newFleet(t *testing.T, endpoint, bucket string, n int) *fleet {
	t.Helper()
	f := &fleet{endpoint: endpoint, bucket: bucket}
	for range n {
		f.servers = append(f.servers, f.serve(t))
	}
	proxy, err := faultproxy.Listen(f.servers[0].Address, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	f.proxy = proxy
	f.reveal()
	return f
}

// flags are those of a server that name the bucket.
func (f *fleet) flags() []string {
	return []string{"--store", "s3://" + f.bucket + "/" + prefix, "--s3-endpoint", f.endpoint, "--s3-path-style", "--s3-memory", "64MiB"}
}

// serve starts one server.
func (f *fleet) serve(t *testing.T) *program.Server {
	t.Helper()
	return built.ServeStore(t, func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, s3engine.Environment()...) }, f.flags()...)
}

// reveal makes the proxy lead clients to the servers that run now.
func (f *fleet) reveal() {
	var addresses []string
	for _, s := range f.servers {
		addresses = append(addresses, s.Address)
	}
	f.proxy.SetServer(addresses...)
}

// kill kills servers.
func (f *fleet) kill(victims ...int) {
	for _, n := range victims {
		f.servers[n].Kill()
	}
}

// restart starts servers again that were killed.
func (f *fleet) restart(t *testing.T) {
	t.Helper()
	for n, s := range f.servers {
		if s.Ended() {
			f.servers[n] = f.serve(t)
		}
	}
	f.reveal()
}

// dial returns a client of the servers.
func (f *fleet) dial(t *testing.T, transport client.Transport) *client.Client {
	t.Helper()
	dialed, err := client.Dial(t.Context(), f.proxy.Address(), client.Options{Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dialed.Close() })
	return dialed
}

// open opens the store in the bucket without a server.
func (f *fleet) open(t *testing.T, options s3.Options) *s3.Store {
	t.Helper()
	options.Bucket, options.Prefix, options.Endpoint, options.PathStyle = f.bucket, prefix, f.endpoint, true
	options.AccessKeyID, options.SecretAccessKey = s3engine.AccessKeyID, s3engine.SecretAccessKey
	store, err := s3.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

// same fails unless a file of a store has the content of a local one.
func same(t *testing.T, store tranship.Store, path, local string) {
	t.Helper()
	want, err := os.Open(local)
	if err != nil {
		t.Fatal(err)
	}
	defer want.Close()
	got, err := store.Open(t.Context(), path, tranship.OpenOptions{})
	if err != nil {
		t.Fatalf("Open(%s): %v", path, err)
	}
	defer got.Close()
	a, b := make([]byte, 1<<20), make([]byte, 1<<20)
	for offset := int64(0); ; {
		n, wanted := io.ReadFull(want, a)
		m, had := io.ReadFull(got, b)
		if n != m || string(a[:n]) != string(b[:m]) || (wanted == nil) != (had == nil) {
			t.Fatalf("%s differs from %s within 1 MiB from byte %d: %v", path, local, offset, had)
		}
		if offset += int64(n); wanted != nil {
			return
		}
	}
}
