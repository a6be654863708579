package main

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tranship/tranship/cmd/tranship/internal/copycmd"
	"github.com/tranship/tranship/internal/testing/faultproxy"
)

// carriers has the transports of a command, and the number of the connection that carries its
// first content over each: a client connects over gRPC first.
func carriers() map[string]int { return map[string]int{"grpc": 0, "lanes": 1} }

// cutAfter is how many bytes the first connection with content carries at least when a large file is
// copied: a busy machine has long round trips, for which a client uses up to 8 lanes. Over gRPC, it
// uses several connections then, unless a test says --connections 1.
const cutAfter = 2 << 20

// cutOnce starts a proxy of a server that cuts one connection, the n-th from 0.
func cutOnce(t *testing.T, address string, n int, cut faultproxy.Link) (proxy *faultproxy.Proxy, server string) {
	t.Helper()
	proxy, err := faultproxy.Listen(address, func(connection int) faultproxy.Link {
		if connection == n {
			return cut
		}
		return faultproxy.Link{}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	return proxy, "grpc://" + proxy.Address()
}

// Bytes that went to the standard output before a connection was lost must not be written
// again: the copy fails, although the server is still available.
func TestCutBeforeStdout(t *testing.T) {
	t.Parallel()
	_, root, address := serveFor(t.Context(), t)
	content := largeFile(t, filepath.Join(root, "large"))
	for name, test := range map[string]struct {
		args    []string
		carrier int
	}{
		"tranship over gRPC":  {[]string{"--transport", "grpc"}, carriers()["grpc"]},
		"tranship over lanes": {[]string{"--transport", "lanes"}, carriers()["lanes"]},
		"filesrv":             {[]string{"--protocol", copycmd.ProtocolFilesrv}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, server := cutOnce(t, address, test.carrier, faultproxy.Link{Down: faultproxy.Faults{CutAfter: new(int64(cutAfter))}})
			cmd := built().Command(t.Context(), append(append([]string{"cp", "--connections", "1"}, test.args...), server+"/large", "-")...)
			var out, text bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &text
			err := cmd.Run()
			if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 1 {
				t.Errorf("%v: %s", err, text.String())
			}
			if out.Len() == 0 || out.Len() >= len(content) || !bytes.HasPrefix(content, out.Bytes()) {
				t.Errorf("%d bytes came out, which are not a prefix of the file", out.Len())
			}
		})
	}
}
