package crash

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tranship/tranship/internal/testing/faultproxy"
)

// A server that is killed knows afterwards what everybody has: files that were there,
// and an upload that was under way, which goes on with what it had reserved.
func TestQuotaAfterKill(t *testing.T) {
	const mebibyte = 1 << 20
	s := newSite(t, faultproxy.Link{Up: faultproxy.Faults{BytesPerSecond: 16 * mebibyte}})
	s.server.Kill()
	flags := []string{"--quota-bytes", "20MiB", "--quota-files", "2", "--max-uploads", "1"}
	s.server = startServer(t, s.root, flags...)
	s.reveal()
	local := t.TempDir()
	file := func(name string, size int64) string {
		name = filepath.Join(local, name)
		makeFile(t, name, size, byte(size/mebibyte))
		return name
	}
	refused := func(names, source, target string) {
		t.Helper()
		client := start(t, "cp", source, s.direct(target))
		if code := client.Wait(t, patience); code != 1 || !strings.Contains(client.Err.String(), names) {
			t.Errorf("exit code %d, want %s to be named: %s", code, names, client.Err.String())
		}
	}
	start(t, "cp", file("first", 4*mebibyte), s.direct("first")).Succeeds(t, patience)

	second := file("second", 12*mebibyte)
	client := start(t, "cp", second, s.place("second"))
	if !s.passes(t, faultproxy.Up, s.proxy.Passed(faultproxy.Up)+5*mebibyte, client) {
		t.Fatalf("it was not cut: %s", client.Err.String())
	}
	client.Kill()
	s.server.Kill()
	s.server = startServer(t, s.root, flags...)
	s.reveal()
	if s.durable(t, "second") == 0 {
		t.Log("nothing of the upload was durable")
	} else {
		refused("--max-uploads", file("large", 3*mebibyte), "large")
		refused("--quota-files", file("small", 0), "small")
	}
	start(t, "cp", second, s.place("second")).Succeeds(t, patience)
	same(t, second, s.file("second"))
	s.server.Kill()

	// What was removed by hand is free again, and what counts still does.
	if err := os.Remove(s.file("first")); err != nil {
		t.Fatal(err)
	}
	s.server = startServer(t, s.root, flags...)
	refused("--quota-bytes", file("nine", 9*mebibyte), "nine")
	start(t, "cp", file("eight", 8*mebibyte), s.direct("eight")).Succeeds(t, patience)
	refused("--quota-files", filepath.Join(local, "small"), "small")
	s.server.stop(t)
}
