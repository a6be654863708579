package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/tranship/tranship/internal/faultproxy"
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
			proxy, err := faultproxy.Listen(strings.TrimPrefix(slow, "grpc://"), func(n int) faultproxy.Link {
				if n == 0 {
					return faultproxy.Link{Up: test.faults}
				}
				return faultproxy.Link{}
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = proxy.Close() })
			source := filepath.Join(t.TempDir(), "large")
			content := largeFile(t, source)
			_, text := output(t, 0, "cp", "--progress", "plain", "--stall-timeout", "2s", source, "grpc://"+proxy.Address())
			if !strings.Contains(text, "tranship: "+source+": "+test.says) {
				t.Errorf("%s", text)
			}
			sameContent(t, filepath.Join(root, "large"), content)
		})
	}
}
