package crash

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/tranship/tranship/internal/testing/faultproxy"
	"github.com/tranship/tranship/internal/testing/filetest"
)

// limitBytes bounds the memory of either side.
const limitBytes = 512 << 20

// resident polls the memory of a process until it ends, and returns the peak.
func (p *process) resident(t *testing.T, limit time.Duration) int64 {
	t.Helper()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	var peak int64
	for {
		select {
		case <-poll.C:
			peak = max(peak, p.peak())
		case <-p.Done():
			p.Succeeds(t, limit)
			return peak
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		}
	}
}

// resetPeak resets peak, if the system supports it.
func (p *process) resetPeak() {
	_ = os.WriteFile(filepath.Join("/proc", strconv.Itoa(p.Pid()), "clear_refs"), []byte("5"), 0)
}

// TestMemory checks that memory does not grow with the size of a file, the number of
// files, or the number of resumes.
func TestMemory(t *testing.T) {
	large := os.Getenv("TRANSHIP_CRASH_MEMORY") == "1"
	sizes, times := []int64{64 << 20}, 20
	if large {
		sizes, times = []int64{1 << 30, 8 << 30}, 100
	}
	local := t.TempDir()
	measure := func(t *testing.T, s *site, what string, args ...string) {
		t.Helper()
		s.server.resetPeak()
		begun := time.Now()
		client := start(t, args...).resident(t, patience)
		server := s.server.peak()
		t.Logf("%s: client %d MiB, server %d MiB, %.1f s", what, client>>20, server>>20, time.Since(begun).Seconds())
		if client > limitBytes || server > limitBytes {
			t.Errorf("%s: more than %d MiB", what, limitBytes>>20)
		}
	}
	for _, size := range sizes {
		// A separate server, so that an earlier peak does not hide this one.
		s := newSite(t, faultproxy.Link{})
		source, target := filepath.Join(local, "dense"), filepath.Join(local, "back") // holes would not be sent
		writeDense(t, source, size)
		what := strconv.Itoa(int(size>>20)) + " MiB"
		measure(t, s, what+" up", "cp", source, s.serverURL("file"))
		measure(t, s, what+" down", "cp", s.serverURL("file"), target)
		for _, name := range []string{target, s.file("file")} {
			if info, err := os.Stat(name); err != nil || info.Size() != size {
				t.Errorf("%s: %v, %v", name, info, err)
			}
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
		s.server.stop(t)
	}
	if large {
		s := newSite(t, faultproxy.Link{})
		tree := filepath.Join(local, "tree")
		makeMany(t, tree)
		measure(t, s, "10,000 files up", "cp", "-r", tree, s.serverURL("tree"))
		measure(t, s, "10,000 files down", "cp", "-r", s.serverURL("tree"), filepath.Join(local, "tree.back"))
		s.server.stop(t)
	}
	t.Run("resumes", func(t *testing.T) { resumes(t, local, times) })
}

// resumes interrupts one upload repeatedly, and measures the server that handled all
// attempts.
func resumes(t *testing.T, local string, times int) {
	s := newSite(t, faultproxy.Link{Up: faultproxy.Faults{BytesPerSecond: 64 << 20}})
	source := filepath.Join(local, "resumed")
	filetest.WriteRandom(t, source, 256<<20, 7)
	var first int64
	for n := range times {
		client := start(t, "cp", source, s.proxyURL("file"))
		s.passes(t, faultproxy.Up, s.proxy.Passed(faultproxy.Up)+1<<20, client)
		client.Kill()
		if n == 4 {
			first = s.server.peak()
		}
	}
	peak := start(t, "cp", source, s.proxyURL("file")).resident(t, patience)
	t.Logf("after %d resumes: client %d MiB, server %d MiB (%d MiB after 5)", times, peak>>20, s.server.peak()>>20, first>>20)
	if most := first + 64<<20; s.server.peak() > max(most, limitBytes/2) {
		t.Errorf("the server has grown to %d bytes", s.server.peak())
	}
	same(t, source, s.file("file"))
	s.clean(t)
	s.server.stop(t)
}

// TestFirstMissingByte checks that the first missing byte of a large interrupted upload
// is sent soon.
func TestFirstMissingByte(t *testing.T) {
	size := int64(256 << 20)
	if os.Getenv("TRANSHIP_CRASH_MEMORY") == "1" {
		size = 8 << 30
	}
	s := newSite(t, faultproxy.Link{})
	source := filepath.Join(t.TempDir(), "dense")
	writeDense(t, source, size)
	client := start(t, "cp", "--durability", "written", source, s.proxyURL("file"))
	if !s.passes(t, faultproxy.Up, size*3/4, client) {
		t.Fatalf("the upload was not cut: %s", client.Err.String())
	}
	client.Kill()
	s.proxy.Cut() // The old connections must not count below.
	durable := s.durable(t, "file")
	// Far less than this is sent before the data.
	before := s.proxy.Passed(faultproxy.Up)
	begun := time.Now()
	client = start(t, "cp", "--durability", "written", source, s.proxyURL("file"))
	if !s.passes(t, faultproxy.Up, before+128<<10, client) {
		t.Fatalf("nothing was sent: %s", client.Err.String())
	}
	took := time.Since(begun)
	t.Logf("%d of %d bytes durable: the first missing byte after %v", durable, size, took)
	if took > 2*time.Second {
		t.Error("that is more than 2 s")
	}
	client.Succeeds(t, patience)
	t.Logf("all of it after %v, %d bytes sent", time.Since(begun), s.proxy.Passed(faultproxy.Up)-before)
	s.clean(t)
	s.server.stop(t)
}

// writeDense writes a file of so many bytes without holes.
func writeDense(t *testing.T, name string, size int64) {
	t.Helper()
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	chunk := bytes.Repeat([]byte("no zeros"), 1<<17)
	for ; size > 0 && err == nil; size -= int64(len(chunk)) {
		_, err = file.Write(chunk[:min(size, int64(len(chunk)))])
	}
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
}
