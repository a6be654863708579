// Package s3engine starts real S3 engines for tests, on loopback and in temporary directories:
// versitygw, a gateway to a directory, and Ceph, a cluster of several storage daemons. They
// must be installed; tools/engine-setup.sh does that.
package s3engine

import (
	"crypto/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/tranship/tranship/internal/testing/program"
)

// Variable is the environment variable that names the engines whose tests run, separated by
// spaces, or is "1" for all. These tests fail if an engine is not installed.
const Variable = "TRANSHIP_S3_ENGINES"

// The names of engines in Variable.
const (
	VersitygwName = "versitygw"
	CephName      = "ceph"
)

// The credentials of all engines.
const (
	AccessKeyID     = "key"
	SecretAccessKey = "secret"
)

// LeastPart is the least length of parts that these engines take, in bytes. The last part of a
// file may be shorter.
const LeastPart = 5 << 20

// startTime is how long a process of an engine may take to start, on a busy machine.
const startTime = 2 * time.Minute

// Engine is an engine that runs.
type Engine struct {
	// Endpoint is its URL.
	Endpoint string
}

// Environment returns the variables that give a process the credentials.
func Environment() []string {
	return []string{"AWS_ACCESS_KEY_ID=" + AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + SecretAccessKey, "AWS_REGION=us-east-1"}
}

// Address returns the address of the endpoint, "host:port".
func (e Engine) Address() string { return strings.TrimPrefix(e.Endpoint, "http://") }

// Client returns a client of the engine.
func (e Engine) Client() *awss3.Client {
	return awss3.New(awss3.Options{
		BaseEndpoint: &e.Endpoint, Region: "us-east-1", UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(AccessKeyID, SecretAccessKey, ""),
	})
}

// Bucket makes a bucket and returns its name.
func (e Engine) Bucket(t testing.TB) string {
	t.Helper()
	name := "b" + strings.ToLower(rand.Text())
	if _, err := e.Client().CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatal(err)
	}
	return name
}

// need skips a test unless Variable names an engine, and fails it if a program of the engine is
// not installed.
func need(t testing.TB, engine string, programs ...string) {
	t.Helper()
	if named := strings.Fields(os.Getenv(Variable)); !slices.Contains(named, engine) && !slices.Contains(named, "1") {
		t.Skipf("set %s=%s to test with this engine, which tools/engine-setup.sh installs", Variable, engine)
	}
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			t.Fatalf("%s names the engine %s, which is not installed; tools/engine-setup.sh does that: %v", Variable, engine, err)
		}
	}
}

// freeAddress returns a loopback address that nothing listens at.
func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// await waits until a server of a process answers requests.
func await(t testing.TB, p *program.Process, endpoint string) {
	t.Helper()
	poll(t, p, func() bool {
		reply, err := http.Get(endpoint)
		if err == nil {
			_ = reply.Body.Close()
		}
		return err == nil
	})
}

// poll waits until a process of an engine has come so far. Nothing tells the test when that is.
func poll(t testing.TB, p *program.Process, ready func() bool) {
	t.Helper()
	late := time.NewTimer(startTime)
	defer late.Stop()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for !ready() {
		select {
		case <-again.C:
		case <-p.Done():
			t.Fatalf("%q has ended: %s%s", p.Cmd.Args, p.Out.String(), p.Err.String())
		case <-late.C:
			t.Fatalf("%q is not ready after %v: %s%s", p.Cmd.Args, startTime, p.Out.String(), p.Err.String())
		}
	}
}
