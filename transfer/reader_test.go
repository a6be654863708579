package transfer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/localdir"
	"github.com/tranship/tranship/store/mem"
)

func newReader(t *testing.T, source Source, path string) *Reader {
	t.Helper()
	r, err := NewReader(t.Context(), source, path, ReaderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func TestReaderReads(t *testing.T) {
	for name, store := range writerStores(t) {
		for _, size := range []int{0, 1, 1000, firstRange - 1, firstRange, firstRange + 1, 7 << 20} {
			data := random(size)
			putLarge(t, store, "a", data)
			r := newReader(t, store, "a")
			if r.Size() != int64(size) || r.File().Path != "a" {
				t.Errorf("%s: %+v", name, r.File())
			}
			got, err := io.ReadAll(r)
			if err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s: %d bytes, %v", name, len(got), err)
			}
			if _, err := r.Seek(0, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			var written bytes.Buffer
			if n, err := io.Copy(&written, r); n != int64(size) || err != nil || !bytes.Equal(written.Bytes(), data) {
				t.Errorf("%s: copied %d bytes, %v", name, n, err)
			}
			if size > 1000 {
				continue // iotest reads byte by byte, and more than once
			}
			if _, err := r.Seek(0, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			if err := iotest.TestReader(r, data); err != nil {
				t.Errorf("%s, %d bytes: %v", name, size, err)
			}
		}
	}
}

// Reads at random offsets, beside each other, see the same file.
func TestReaderReadsAtRandom(t *testing.T) {
	store, data := &mem.Store{}, random(9<<20)
	putLarge(t, store, "a", data)
	r := newReader(t, store, "a")
	var all sync.WaitGroup
	for seed := range uint64(4) {
		all.Go(func() {
			chance := rand.New(rand.NewPCG(seed, 0))
			for range 300 {
				offset, length := chance.IntN(len(data)), chance.IntN(200<<10)
				p := make([]byte, length)
				n, err := r.ReadAt(p, int64(offset))
				want := data[offset:min(offset+length, len(data))]
				if !bytes.Equal(p[:n], want) || (err != nil) != (n < length) || err != nil && err != io.EOF {
					t.Errorf("%d bytes at %d: %d, %v", length, offset, n, err)
				}
			}
		})
	}
	all.Wait()
	if len(r.idle) > maxIdleRanges {
		t.Errorf("%d ranges are open", len(r.idle))
	}
}

// Reading in order opens few ranges, each longer than the one before, and reading here
// and there no long ones.
func TestReaderReadsAhead(t *testing.T) {
	store, data := newFaulty(), random(40<<20)
	putLarge(t, store, "a", data)
	opened := 0
	store.open = func(_ string, c tranship.Content) (tranship.Content, error) { opened++; return c, nil }
	r := newReader(t, store, "a")
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) || opened != 4 { // 1, 4, 16 and 19 MiB
		t.Errorf("%d bytes in %d ranges, %v", len(got), opened, err)
	}
	opened = 0
	p := make([]byte, 1000)
	for n := range 10 {
		if _, err := r.ReadAt(p, int64(n)<<21+12345); err != nil {
			t.Fatal(err)
		}
		if _, err := r.ReadAt(p, int64(n)<<21+13345+500); err != nil { // of the same range
			t.Fatal(err)
		}
	}
	for _, open := range r.idle {
		if open.length > leastRange {
			t.Errorf("a range of %d bytes was opened for 1000", open.length)
		}
	}
	if opened != 10 {
		t.Errorf("%d ranges for 10 places", opened)
	}
}

// A file that is replaced while it is read is never mixed with the new one.
func TestReaderOfReplacedFile(t *testing.T) {
	for name, store := range writerStores(t) {
		for _, size := range []int{3 << 20, 2 << 20} {
			putLarge(t, store, "a", random(3<<20))
			r := newReader(t, store, "a")
			p := make([]byte, 1000)
			if _, err := r.Read(p); err != nil {
				t.Fatal(err)
			}
			putLarge(t, store, "a", random(size))
			if _, err := r.ReadAt(p, 5<<19); !errors.Is(err, tranship.ErrPrecondition) {
				t.Errorf("%s: ReadAt: %v", name, err)
			}
			if _, err := io.Copy(io.Discard, r); !errors.Is(err, tranship.ErrPrecondition) {
				t.Errorf("%s: Read: %v", name, err)
			}
			if err := store.Remove(t.Context(), "a", tranship.Precondition{}); err != nil {
				t.Fatal(err)
			}
			if _, err := r.ReadAt(p, 5<<19); !errors.Is(err, tranship.ErrNotFound) {
				t.Errorf("%s: after removal: %v", name, err)
			}
		}
	}
}

// A local directory has no versions: size and time tell that a file was replaced.
func TestReaderOfReplacedLocalFile(t *testing.T) {
	directory := t.TempDir()
	name := filepath.Join(directory, "a")
	for _, size := range []int{3 << 20, 2 << 20} {
		if err := os.WriteFile(name, random(3<<20), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, modTime, modTime); err != nil {
			t.Fatal(err)
		}
		dir, err := localdir.Open(directory)
		if err != nil {
			t.Fatal(err)
		}
		r := newReader(t, dir, "a")
		if err := os.WriteFile(name, random(size), 0o600); err != nil {
			t.Fatal(err)
		}
		if n, err := r.ReadAt(make([]byte, 1000), 5<<19); n != 0 || !errors.Is(err, tranship.ErrPrecondition) {
			t.Errorf("%d, %v", n, err)
		}
		if n, err := io.Copy(io.Discard, r); n >= 3<<20 || !errors.Is(err, tranship.ErrPrecondition) {
			t.Errorf("read %d bytes, %v", n, err)
		}
		_ = dir.Close()
	}
}

func TestReaderErrors(t *testing.T) {
	store := &mem.Store{}
	putLarge(t, store, "a", random(10))
	for name, test := range map[string]struct {
		source  Source
		path    string
		options ReaderOptions
		want    error
	}{
		"missing":       {store, "b", ReaderOptions{}, tranship.ErrNotFound},
		"invalid":       {store, "../a", ReaderOptions{}, tranship.ErrInvalid},
		"other version": {store, "a", ReaderOptions{Version: "x"}, tranship.ErrPrecondition},
		"no source":     {nil, "a", ReaderOptions{}, tranship.ErrInvalid},
		"no size":       {&Stdin{Reader: bytes.NewReader(nil)}, "a", ReaderOptions{}, tranship.ErrUnsupported},
	} {
		if _, err := NewReader(t.Context(), test.source, test.path, test.options); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := newReader(t, store, "a")
	for _, seek := range []struct {
		offset int64
		whence int
	}{{-1, io.SeekStart}, {-11, io.SeekEnd}, {0, 7}} {
		if _, err := r.Seek(seek.offset, seek.whence); !errors.Is(err, tranship.ErrInvalid) {
			t.Errorf("seek %+v: %v", seek, err)
		}
	}
	if n, err := r.Seek(5, io.SeekEnd); n != 15 || err != nil {
		t.Errorf("seek beyond the end: %d, %v", n, err)
	}
	if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("read beyond the end: %d, %v", n, err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.ReadAt(make([]byte, 1), 0); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("read after Close: %v", err)
	}
}

func TestReaderServesContent(t *testing.T) {
	store, data := &mem.Store{}, random(3<<20)
	putLarge(t, store, "a.bin", data)
	for _, test := range []struct {
		asked  string
		status int
		want   []byte
	}{
		{"", http.StatusOK, data},
		{"bytes=0-9", http.StatusPartialContent, data[:10]},
		{"bytes=1048570-1048589", http.StatusPartialContent, data[1048570:1048590]},
		{"bytes=-5", http.StatusPartialContent, data[len(data)-5:]},
		{fmt.Sprintf("bytes=%d-", len(data)), http.StatusRequestedRangeNotSatisfiable, nil},
	} {
		r := newReader(t, store, "a.bin")
		request := httptest.NewRequest(http.MethodGet, "/a.bin", nil)
		if test.asked != "" {
			request.Header.Set("Range", test.asked)
		}
		answer := httptest.NewRecorder()
		http.ServeContent(answer, request, "", r.File().ModTime, r)
		if answer.Code != test.status || test.want != nil && !bytes.Equal(answer.Body.Bytes(), test.want) {
			t.Errorf("%q: status %d, %d bytes", test.asked, answer.Code, answer.Body.Len())
		}
	}
}
