package main

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tranship/tranship/internal/testing/faultproxy"
)

// A connection that is lost, or that nothing comes through any more, costs what was
// under way, and somebody who watches is told.
func TestCopyThroughOutage(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		faults faultproxy.Faults
		says   string
	}{
		"cut":    {faultproxy.Faults{CutAfter: new(int64(12 << 20))}, "tried again in"},
		"frozen": {faultproxy.Faults{FreezeAfter: new(int64(12 << 20))}, "tried again in"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root, _, slow := slowServer(t)
			_, server := cutOnce(t, strings.TrimPrefix(slow, "grpc://"), faultproxy.Link{Up: test.faults})
			source := filepath.Join(t.TempDir(), "large")
			content := largeFile(t, source)
			_, text := output(t, 0, "cp", "--progress", "plain", "--stall-timeout", "2s", source, server)
			if !strings.Contains(text, "tranship: "+source+": "+test.says) {
				t.Errorf("%s", text)
			}
			sameContent(t, filepath.Join(root, "large"), content)
		})
	}
}

// What cp warns of a file, it says once, and not at each attempt.
func TestWarningThroughCut(t *testing.T) {
	t.Parallel()
	_, root, address := serveFor(t.Context(), t)
	source := filepath.Join(t.TempDir(), "large")
	content := largeFile(t, source)
	_, server := cutOnce(t, address, faultproxy.Link{Up: faultproxy.Faults{CutAfter: new(int64(10 << 20))}})
	_, text := output(t, 0, "cp", "--progress", "plain", "--protocol", "filesrv", source, server)
	if strings.Count(text, "no extension") != 1 || !strings.Contains(text, "tried again") {
		t.Errorf("%s", text)
	}
	sameContent(t, filepath.Join(root, "large"), content)
}

// A digest is computed on over a lost connection.
func TestDigestThroughCut(t *testing.T) {
	t.Parallel()
	_, root, address := serveFor(t.Context(), t)
	content := largeFile(t, filepath.Join(root, "large"))
	proxy, server := cutOnce(t, address, faultproxy.Link{Down: faultproxy.Faults{CutAfter: new(int64(10 << 20))}})
	out, _ := output(t, 0, "stat", "--digest", "sha256", server+"/large")
	if want := fmt.Sprintf("sha256:%x\n", sha256.Sum256(content)); !strings.Contains(out, want) {
		t.Errorf("%s", out)
	}
	if proxy.Connections() < 2 {
		t.Error("nothing was cut")
	}
}

// A server that says nothing any more does not hold who waits for a digest.
func TestDigestOfFrozenServer(t *testing.T) {
	t.Parallel()
	_, root, address := serveFor(t.Context(), t)
	largeFile(t, filepath.Join(root, "large"))
	proxy, err := faultproxy.Listen(address, func(int) faultproxy.Link {
		return faultproxy.Link{Down: faultproxy.Faults{FreezeAfter: new(int64(10 << 20))}}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	fails(t, 1, []string{"/large: unavailable: stalled: no byte came for 500ms"},
		"stat", "--digest", "sha256", "--stall-timeout", "500ms", "grpc://"+proxy.Address()+"/large")
}
