package main

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tranship/tranship/internal/testing/faultproxy"
)

// A copy survives a lost and a frozen connection, and prints that it retries.
func TestCopyThroughOutage(t *testing.T) {
	t.Parallel()
	faults := map[string]faultproxy.Faults{
		"cut":    {CutAfter: new(int64(cutAfter))},
		"frozen": {FreezeAfter: new(int64(cutAfter))},
	}
	for transport, carrier := range carriers() {
		for name, fault := range faults {
			t.Run(name+" over "+transport, func(t *testing.T) {
				t.Parallel()
				root, _, slow := slowServer(t)
				_, server := cutOnce(t, strings.TrimPrefix(slow, "grpc://"), carrier, faultproxy.Link{Up: fault})
				source := filepath.Join(t.TempDir(), "large")
				content := largeFile(t, source)
				_, text := output(t, 0, "cp", "--transport", transport, "--connections", "1", "--progress", "plain", "--stall-timeout", "2s", source, server)
				if !strings.Contains(text, "tranship: "+source+": retrying in") {
					t.Errorf("%s", text)
				}
				sameContent(t, filepath.Join(root, "large"), content)
			})
		}
	}
}

// A warning about a file is printed once, not at each attempt.
func TestWarningThroughCut(t *testing.T) {
	t.Parallel()
	_, root, address := serveFor(t.Context(), t)
	source := filepath.Join(t.TempDir(), "large")
	content := largeFile(t, source)
	_, server := cutOnce(t, address, 0, faultproxy.Link{Up: faultproxy.Faults{CutAfter: new(int64(10 << 20))}})
	_, text := output(t, 0, "cp", "--progress", "plain", "--protocol", "filesrv", source, server)
	if strings.Count(text, "no extension") != 1 || !strings.Contains(text, "retrying") {
		t.Errorf("%s", text)
	}
	sameContent(t, filepath.Join(root, "large"), content)
}

// stat --digest continues after a lost connection.
func TestDigestThroughCut(t *testing.T) {
	t.Parallel()
	_, root, address := serveFor(t.Context(), t)
	content := largeFile(t, filepath.Join(root, "large"))
	for transport, carrier := range carriers() {
		proxy, server := cutOnce(t, address, carrier, faultproxy.Link{Down: faultproxy.Faults{CutAfter: new(int64(cutAfter))}})
		out, _ := output(t, 0, "stat", "--transport", transport, "--digest", "sha256", server+"/large")
		if want := fmt.Sprintf("sha256:%x\n", sha256.Sum256(content)); !strings.Contains(out, want) {
			t.Errorf("%s: %s", transport, out)
		}
		if proxy.Connections() < carrier+2 {
			t.Errorf("%s: the connection was not cut", transport)
		}
	}
}

// stat --digest fails if the server freezes.
func TestDigestOfFrozenServer(t *testing.T) {
	t.Parallel()
	_, root, address := serveFor(t.Context(), t)
	largeFile(t, filepath.Join(root, "large"))
	for transport, carrier := range carriers() {
		proxy, err := faultproxy.Listen(address, func(n int) faultproxy.Link {
			switch {
			case n < carrier:
				return faultproxy.Link{}
			case n > carrier:
				return faultproxy.Link{Down: faultproxy.Faults{FreezeAfter: new(int64(0))}} // the server stays frozen
			}
			return faultproxy.Link{Down: faultproxy.Faults{FreezeAfter: new(int64(cutAfter))}}
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = proxy.Close() })
		fails(t, 1, []string{"/large: unavailable: stalled: no byte came for 500ms"},
			"stat", "--transport", transport, "--digest", "sha256", "--stall-timeout", "500ms", "grpc://"+proxy.Address()+"/large")
	}
}
