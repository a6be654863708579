package browser

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
)

const (
	// defaultLarge is how many bytes a large file has, unless TRANSHIP_BROWSER_BYTES says another
	// number. TRANSHIP_BROWSER_DIR is where the tests of large files have their files.
	defaultLarge = 1 << 30
	// leastRate is the least number of bytes a second at which a large file must move.
	leastRate = 4 * mebibyte
	// mostBrowser is the most memory of all processes of the browser while it moves a large file,
	// and mostServer that of the server.
	mostBrowser = 700 * mebibyte
	mostServer  = 200 * mebibyte
)

// largeBytes returns how many bytes a large file has.
func largeBytes(t *testing.T) int64 {
	t.Helper()
	text := os.Getenv("TRANSHIP_BROWSER_BYTES")
	if text == "" {
		return defaultLarge
	}
	size, err := strconv.ParseInt(text, 10, 64)
	if err != nil || size <= 0 {
		t.Fatalf("TRANSHIP_BROWSER_BYTES: %q is not a number of bytes", text)
	}
	return size
}

// largePatience is how long a large file may take.
func largePatience(size int64) time.Duration {
	return patience + time.Duration(size/leastRate)*time.Second
}

// largeDir returns a directory with room for large files, which is removed after the test.
func largeDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(os.Getenv("TRANSHIP_BROWSER_DIR"), "large")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// sparse makes a file of a size that takes little room: most of it is a hole. What is not has other
// bytes everywhere, and is at its beginning, at its end and at both sides of 4 GiB, among others.
func sparse(t *testing.T, path string, size int64) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const block, step = 64 << 10, 60 * mebibyte
	offsets := []int64{size - block, 1<<32 - block/2}
	for offset := int64(0); offset < size; offset += step {
		offsets = append(offsets, offset)
	}
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	for _, offset := range offsets {
		if offset < 0 || offset+block > size {
			continue
		}
		if _, err := f.WriteAt([]byte(random(uint64(offset), block)), offset); err != nil {
			t.Fatal(err)
		}
	}
}

// same fails unless a stream has the bytes of a file, and no others.
func same(t *testing.T, stream io.Reader, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, want := make([]byte, mebibyte), make([]byte, mebibyte)
	for offset := int64(0); ; {
		n, wantErr := io.ReadFull(f, want)
		m, gotErr := io.ReadFull(stream, got)
		if !bytes.Equal(got[:m], want[:n]) {
			t.Fatalf("the bytes from %d on are other ones, or %d and not %d (%v, %v)", offset, m, n, gotErr, wantErr)
		}
		offset += int64(n)
		if wantErr == io.EOF || wantErr == io.ErrUnexpectedEOF {
			return
		}
		if wantErr != nil || gotErr != nil {
			t.Fatalf("at %d: %v, %v", offset, wantErr, gotErr)
		}
	}
}

// usage is the most memory that was seen.
type usage struct{ browser, server int64 }

func (u *usage) sample(t *testing.T, s *server) {
	t.Helper()
	u.browser = max(u.browser, memory(t, browserProcesses(t)...))
	u.server = max(u.server, memory(t, s.command.Process.Pid))
}

// check fails if more memory was seen than a file of any size may take.
func (u *usage) check(t *testing.T, what string, size int64, begun time.Time) {
	t.Helper()
	t.Logf("%s of %d MiB: %v, the browser had %d MiB, the server %d MiB", what, size/mebibyte,
		time.Since(begun).Round(100*time.Millisecond), u.browser/mebibyte, u.server/mebibyte)
	if u.browser > mostBrowser || u.server > mostServer {
		t.Errorf("%s took %d bytes of memory in the browser, and %d in the server", what, u.browser, u.server)
	}
}

// serveLarge starts a server over a directory with room for large files.
func serveLarge(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, root: largeDir(t), address: "127.0.0.1:0"}
	s.start()
	t.Cleanup(s.stop)
	return s
}

// TestLargeUpload uploads a large file with the page: neither the browser nor the server has more
// than pieces of it in memory.
func TestLargeUpload(t *testing.T) {
	size := largeBytes(t)
	source := filepath.Join(largeDir(t), "large.bin")
	sparse(t, source, size)
	s := serveLarge(t)
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()

	b := s.open(t, "", look{})
	begun, used := time.Now(), usage{}
	b.choose("#files", source)
	for ended := false; !ended; {
		<-tick.C
		used.sample(t, s)
		ended = eval[bool](b, `["finished", "failed"].includes(document.querySelector(".upload[data-state]")?.dataset.state)`)
		if time.Since(begun) > largePatience(size) {
			t.Fatalf("the upload has not ended: %s", b.text())
		}
	}
	b.waitText("1 of 1 uploaded")
	used.check(t, "the upload", size, begun)
	response, err := http.Get("http://" + s.address + "/files/large.bin")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	same(t, response.Body, source)
}

// TestLargeDownload downloads a large file: neither the browser nor the server has more than pieces of
// it in memory.
func TestLargeDownload(t *testing.T) {
	size := largeBytes(t)
	s := serveLarge(t)
	source := filepath.Join(s.root, "large.bin")
	sparse(t, source, size)
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()

	dir := largeDir(t)
	g := visit(t, dir)
	begun, used := time.Now(), usage{}
	g.goTo("http://" + s.address + "/files/large.bin")
	late := time.After(largePatience(size))
	var state browser.DownloadProgressState
	for state == "" {
		select {
		case state = <-g.state:
		case <-tick.C:
			used.sample(t, s)
		case <-late:
			t.Fatalf("the download has not ended: %s", g.text())
		}
	}
	if name := <-g.saved; name != "large.bin" || state != browser.DownloadProgressStateCompleted {
		t.Fatalf("the download of %q is %s", name, state)
	}
	used.check(t, "the download", size, begun)
	f, err := os.Open(filepath.Join(dir, "large.bin"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	same(t, f, source)
}
