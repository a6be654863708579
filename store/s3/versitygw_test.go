package s3_test

import (
	"context"
	"crypto/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/s3"
	"github.com/tranship/tranship/store/storetest"
)

// enginesVariable is the environment variable that makes the tests of real engines run, and
// fail if an engine is not installed.
const enginesVariable = "TRANSHIP_S3_ENGINES"

// versitygw is a running gateway of that name over a directory.
type versitygw struct {
	endpoint, directory string
}

// startVersitygw starts a gateway, which runs until the test ends.
func startVersitygw(t *testing.T) *versitygw {
	t.Helper()
	if os.Getenv(enginesVariable) == "" {
		t.Skipf("set %s=1 to run the tests against real engines, which take minutes; versitygw must be on the PATH: go install github.com/versity/versitygw/cmd/versitygw@v1.8.0", enginesVariable)
	}
	program, err := exec.LookPath("versitygw")
	if err != nil {
		t.Fatalf("versitygw is needed, because %s is set: %v", enginesVariable, err)
	}
	g := &versitygw{directory: t.TempDir()}
	return g.start(t, program)
}

// start starts one more gateway over the directory.
func (g *versitygw) start(t *testing.T, program string) *versitygw {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	ctx, cancel := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, program, "--port", address, "--access", "key", "--secret", "secret", "--quiet", "--keep-alive", "posix", g.directory)
	var log strings.Builder
	command.Stdout, command.Stderr = &log, &log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	t.Cleanup(func() {
		cancel()
		<-ended
		if t.Failed() {
			t.Log(log.String())
		}
	})
	started := &versitygw{endpoint: "http://" + address, directory: g.directory}
	deadline := time.Now().Add(time.Minute)
	for {
		reply, err := http.Get(started.endpoint)
		if err == nil {
			reply.Body.Close()
			return started
		}
		if len(ended) > 0 || time.Now().After(deadline) {
			t.Fatalf("versitygw does not answer: %v", err)
		}
		time.Sleep(20 * time.Millisecond) // another process starts
	}
}

// bucket makes a bucket.
func (g *versitygw) bucket(t *testing.T) string {
	t.Helper()
	name := "b" + strings.ToLower(rand.Text())
	if err := os.Mkdir(filepath.Join(g.directory, name), 0o755); err != nil {
		t.Fatal(err)
	}
	return name
}

// leastPart is the least length of parts that real engines take.
const leastPart = 5 << 20

func (g *versitygw) open(t *testing.T, bucket string) *s3.Store {
	return open(t, g.endpoint, s3.Options{Bucket: bucket, PartSize: leastPart})
}

func TestVersitygw(t *testing.T) {
	gateway := startVersitygw(t)
	storetest.Test(t, func(t *testing.T) tranship.Store { return gateway.open(t, gateway.bucket(t)) })
}

// TestVersitygwShared uses two gateways over one directory.
func TestVersitygwShared(t *testing.T) {
	gateway := startVersitygw(t)
	program, err := exec.LookPath("versitygw")
	if err != nil {
		t.Fatal(err)
	}
	gateways := []*versitygw{gateway, gateway.start(t, program)}
	storetest.TestShared(t, func(t *testing.T, n int) []tranship.Store {
		bucket := gateway.bucket(t)
		var stores []tranship.Store
		for i := range n {
			stores = append(stores, gateways[i%2].open(t, bucket))
		}
		return stores
	})
}

func TestVersitygwDurable(t *testing.T) {
	gateway := startVersitygw(t)
	storetest.TestDurable(t, func(t *testing.T) (tranship.Store, func() tranship.Store) {
		bucket := gateway.bucket(t)
		reopen := func() tranship.Store { return gateway.open(t, bucket) }
		return reopen(), reopen
	})
}
