package crash

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tranship/tranship/internal/testing/faultproxy"
	"github.com/tranship/tranship/internal/testing/filetest"
)

// TestQuotaAfterKill checks that a killed server knows afterwards what every caller uses:
// existing files, and an unfinished upload, which resumes with its reservation.
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
		filetest.WriteRandom(t, name, size, byte(size/mebibyte))
		return name
	}
	refused := func(names, source, target string) {
		t.Helper()
		client := start(t, "cp", source, s.serverURL(target))
		if code := client.Wait(t, patience); code != 1 || !strings.Contains(client.Err.String(), names) {
			t.Errorf("exit code %d, want %s to be named: %s", code, names, client.Err.String())
		}
	}
	start(t, "cp", file("first", 4*mebibyte), s.serverURL("first")).Succeeds(t, patience)

	second := file("second", 12*mebibyte)
	client := start(t, "cp", second, s.proxyURL("second"))
	if !s.passes(t, faultproxy.Up, s.proxy.Passed(faultproxy.Up)+5*mebibyte, client) {
		t.Fatalf("the upload was not cut: %s", client.Err.String())
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
	start(t, "cp", second, s.proxyURL("second")).Succeeds(t, patience)
	same(t, second, s.file("second"))
	s.server.Kill()

	// Space of a file that was removed by hand is free again, the rest still counts.
	if err := os.Remove(s.file("first")); err != nil {
		t.Fatal(err)
	}
	s.server = startServer(t, s.root, flags...)
	refused("--quota-bytes", file("nine", 9*mebibyte), "nine")
	start(t, "cp", file("eight", 8*mebibyte), s.serverURL("eight")).Succeeds(t, patience)
	refused("--quota-files", filepath.Join(local, "small"), "small")
	s.server.stop(t)
}
