//go:build unix

package server_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/disk"
)

// large is the size of a file whose positions do not fit into 32 bits.
const large = 4<<30 + 1000

// sparseRoot returns a directory with files of 0, 1 and large bytes, whose names are their sizes.
// Bytes are 0, except at a few places of the large one.
func sparseRoot(t *testing.T) (root string, at func(position int64) byte) {
	t.Helper()
	root = t.TempDir()
	marks := map[int64]byte{0: 'a', 1: 'b', 1<<31 - 1: 'c', 1 << 31: 'd', 1<<32 - 1: 'e', 1 << 32: 'f', 1<<32 + 1: 'g', large - 2: 'y', large - 1: 'z'}
	for _, size := range []int64{0, 1, large} {
		file, err := os.Create(filepath.Join(root, strconv.FormatInt(size, 10)))
		if err != nil {
			t.Fatal(err)
		}
		for position, mark := range marks {
			if position < size {
				if _, err := file.WriteAt([]byte{mark}, position); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return root, func(position int64) byte { return marks[position] }
}

// TestHTTPSizes reads files of no bytes, of one and of more than 4 GiB: whole, in ranges of all
// forms, and under conditions.
func TestHTTPSizes(t *testing.T) {
	root, at := sparseRoot(t)
	store, err := disk.Open(root, disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	w := serveHTTP(t, store, server.Config{})
	const whole, none = -1, -2 // instead of a first position
	tests := []struct {
		size        int64
		spec        string
		first, last int64 // of the bytes that come
	}{
		{0, "", whole, 0},
		{0, "bytes=0-", none, 0},
		{0, "bytes=0-0", none, 0},
		{0, "bytes=1-", none, 0},
		{0, "bytes=-1", none, 0},
		{0, "bytes=-0", none, 0},
		{0, "bytes=0-0,0-0", whole, 0},
		{0, "bytes=x", whole, 0},
		{1, "", whole, 0},
		{1, "bytes=0-", 0, 0},
		{1, "bytes=0-0", 0, 0},
		{1, "bytes=0-1", 0, 0},
		{1, "bytes=-1", 0, 0},
		{1, "bytes=-2", 0, 0},
		{1, "bytes=-0", none, 0},
		{1, "bytes=1-", none, 0},
		{1, "bytes=1-1", none, 0},
		{1, "bytes=1-0", whole, 0},
		{large, "", whole, 0},
		{large, "bytes=0-", 0, large - 1},
		{large, "bytes=0-0", 0, 0},
		{large, "bytes=2147483647-2147483648", 1<<31 - 1, 1 << 31},
		{large, "bytes=4294967295-4294967297", 1<<32 - 1, 1<<32 + 1},
		{large, "bytes=4294967296-", 1 << 32, large - 1},
		{large, "bytes=4294968295-", large - 1, large - 1},
		{large, "bytes=4294968295-4294968295", large - 1, large - 1},
		{large, "bytes=4294968294-4294968296", large - 2, large - 1},
		{large, "bytes=4294968296-", none, 0},
		{large, "bytes=4294968296-4294968300", none, 0},
		{large, "bytes=9223372036854775807-", none, 0},
		{large, "bytes=9223372036854775808-9223372036854775809", none, 0},
		{large, "bytes=18446744073709551616-", none, 0},
		{large, "bytes=-1", large - 1, large - 1},
		{large, "bytes=-1000", 1 << 32, large - 1},
		{large, "bytes=-1001", 1<<32 - 1, large - 1},
		{large, "bytes=-4294968295", 1, large - 1},
		{large, "bytes=-4294968296", 0, large - 1},
		{large, "bytes=-4294968297", 0, large - 1},
		{large, "bytes=-18446744073709551616", 0, large - 1},
		{large, "bytes=1-18446744073709551616", 1, large - 1},
		{large, "bytes=0-1, 5-6", whole, 0},
	}
	tags := map[int64]string{}
	for _, test := range tests {
		path := strconv.FormatInt(test.size, 10)
		if tags[test.size] == "" {
			tags[test.size] = w.do(http.MethodHead, path, nil).want(t, "HEAD", http.StatusOK).header.Get("ETag")
		}
		wanted := func(conditional bool) (status int, first, length int64, contentRange string) {
			switch {
			case test.first == whole || conditional:
				return http.StatusOK, 0, test.size, ""
			case test.first == none:
				return http.StatusRequestedRangeNotSatisfiable, 0, 0, fmt.Sprintf("bytes */%d", test.size)
			}
			return http.StatusPartialContent, test.first, test.last - test.first + 1, fmt.Sprintf("bytes %d-%d/%d", test.first, test.last, test.size)
		}
		for condition, ignored := range map[string]bool{"": false, tags[test.size]: false, `"other"`: true} {
			status, first, length, contentRange := wanted(ignored)
			got, prefix := w.beginning(path, test.spec, condition)
			if got.StatusCode != status || got.Header.Get("Content-Range") != contentRange {
				t.Errorf("GET %s of %d bytes, If-Range %q: %d, Content-Range %q; want %d, %q", test.spec, test.size, condition, got.StatusCode, got.Header.Get("Content-Range"), status, contentRange)
				continue
			}
			if status == http.StatusRequestedRangeNotSatisfiable {
				continue
			}
			if got.ContentLength != length || got.Header.Get("ETag") != tags[test.size] || got.Header.Get("Accept-Ranges") != "bytes" {
				t.Errorf("GET %s of %d bytes: %d of %d bytes, %v", test.spec, test.size, got.ContentLength, length, got.Header)
			}
			want := make([]byte, min(length, int64(len(prefix))))
			for i := range want {
				want[i] = at(first + int64(i))
			}
			if string(prefix) != string(want) || int64(len(prefix)) < min(length, prefixBytes) {
				t.Errorf("GET %s of %d bytes: %q, want %q", test.spec, test.size, prefix, want)
			}
		}
		// HEAD has no ranges.
		head := w.do(http.MethodHead, path, nil, "Range", test.spec).want(t, "HEAD "+test.spec, http.StatusOK)
		if head.header.Get("Content-Length") != path || head.header.Get("Content-Range") != "" || head.header.Get("ETag") != tags[test.size] {
			t.Errorf("HEAD %s of %d bytes: %v", test.spec, test.size, head.header)
		}
		for _, method := range []string{http.MethodGet, http.MethodHead} { // a condition comes before the range
			w.do(method, path, nil, "Range", test.spec, "If-None-Match", tags[test.size]).want(t, method+" of the same version", http.StatusNotModified)
			w.do(method, path, nil, "Range", test.spec, "If-Match", `"other"`).want(t, method+" of another version", http.StatusPreconditionFailed)
		}
	}
}

// prefixBytes is how many bytes of a body beginning returns at most.
const prefixBytes = 16

// beginning requests a range of a file, and returns the beginning of what comes.
func (w *web) beginning(path, spec, ifRange string) (got *http.Response, prefix []byte) {
	w.t.Helper()
	request, err := http.NewRequestWithContext(testContext(w.t), http.MethodGet, w.fileURL(path), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	for name, value := range map[string]string{"Range": spec, "If-Range": ifRange} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	got, err = w.client.Do(request)
	if err != nil {
		w.t.Fatalf("GET %s of %s: %v", spec, path, err)
	}
	defer got.Body.Close()
	prefix, err = io.ReadAll(io.LimitReader(got.Body, prefixBytes))
	if err != nil {
		w.t.Fatalf("GET %s of %s: %v", spec, path, err)
	}
	return got, prefix
}
