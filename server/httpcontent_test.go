package server_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// zeroFile is a store with a file of so many zeros, whatever its path.
type zeroFile struct {
	mem.Store
	size int64
}

func (z *zeroFile) file() tranship.File {
	return tranship.File{Path: "f", Size: z.size, Version: "v"}
}

func (z *zeroFile) Stat(context.Context, string) (tranship.File, error) { return z.file(), nil }

func (z *zeroFile) Open(_ context.Context, _ string, options tranship.OpenOptions) (tranship.Content, error) {
	return zeroContent{io.LimitReader(zeroReader{}, *options.Length), z.file()}, nil
}

type zeroReader struct{}

type zeroContent struct {
	io.Reader
	file tranship.File
}

func (c zeroContent) File() tranship.File { return c.file }
func (c zeroContent) Close() error        { return nil }

// TestHTTPBeyond4GiB reads a range beyond 4 GiB.
func TestHTTPBeyond4GiB(t *testing.T) {
	w := serveHTTP(t, &zeroFile{size: 5 << 30}, server.Config{})
	got := w.do(http.MethodGet, "f", nil, "Range", "bytes=4294967295-4294967299").want(t, "GET", http.StatusPartialContent)
	if got.body != "\x00\x00\x00\x00\x00" || got.header.Get("Content-Range") != "bytes 4294967295-4294967299/5368709120" {
		t.Errorf("%q, %v", got.body, got.header)
	}
	if got := w.do(http.MethodHead, "f", nil).want(t, "HEAD", http.StatusOK); got.header.Get("Content-Length") != "5368709120" {
		t.Errorf("%v", got.header)
	}
}

// TestHTTPContent checks that a browser does not run what users have stored: neither as a page, nor
// as a part of one.
func TestHTTPContent(t *testing.T) {
	w := serveHTTP(t, &mem.Store{}, server.Config{})
	for _, path := range []string{"x.html", "x.svg", "x.js", "noextension", "ü\"x;.html"} {
		w.do(http.MethodPut, path, strings.NewReader("<script>alert(1)</script>"), "Content-Type", "text/html").want(t, "PUT", http.StatusCreated)
		for _, request := range []struct {
			method, ranges string
			status         int
		}{{http.MethodGet, "", 200}, {http.MethodHead, "", 200}, {http.MethodGet, "bytes=0-5", 206}} {
			header := w.do(request.method, path, nil, "Range", request.ranges, "Accept", "text/html").want(t, request.method, request.status).header
			checkProtected(t, path, header)
			if header.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(header.Get("Content-Disposition"), "attachment; filename") {
				t.Errorf("%s: %v", path, header)
			}
		}
	}
	for path, status := range map[string]int{"": 200, "<script>": 404, "<script>/": 200, "a//<b>": 400} {
		got := w.raw(http.MethodGet, "/files/"+path).want(t, "GET "+path, status)
		checkProtected(t, path, got.header)
		if kind := got.header.Get("Content-Type"); kind != "application/jsonl; charset=utf-8" && kind != "text/plain; charset=utf-8" {
			t.Errorf("%s has the type %s", path, kind)
		}
	}
	for _, destination := range []string{"script", "style", "xslt", "worker", "sharedworker", "serviceworker", "audioworklet", "paintworklet", "object", "embed", "frame", "iframe", "manifest", "json"} {
		got := w.do(http.MethodGet, "x.js", nil, "Sec-Fetch-Dest", destination).want(t, "GET for a "+destination, http.StatusForbidden)
		checkProtected(t, destination, got.header)
	}
	w.do(http.MethodGet, "x.js", nil, "Service-Worker", "script").want(t, "GET for a service worker", http.StatusForbidden)
	for _, destination := range []string{"document", "empty", "image", "video", "audio"} {
		w.do(http.MethodGet, "x.js", nil, "Sec-Fetch-Dest", destination).want(t, "GET for "+destination, http.StatusOK)
	}
}

// checkProtected checks the headers that keep a browser from running a response.
func checkProtected(t *testing.T, what string, header http.Header) {
	t.Helper()
	if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Cross-Origin-Resource-Policy") != "same-origin" ||
		header.Get("Content-Security-Policy") != "default-src 'none'; sandbox; frame-ancestors 'none'" || header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%s: %v", what, header)
	}
}

// damaged is a store whose files do not have the checksums that it has recorded.
type damaged struct{ *mem.Store }

func (d damaged) Stat(ctx context.Context, path string) (tranship.File, error) {
	file, err := d.Store.Stat(ctx, path)
	file.CRC32C = new(*file.CRC32C + 1)
	return file, err
}

// TestHTTPDamage checks that a file that has changed in the store never arrives as a whole.
func TestHTTPDamage(t *testing.T) {
	store := &mem.Store{}
	w := serveHTTP(t, damaged{store}, server.Config{})
	for _, size := range []int{1, 3 << 20} {
		if _, err := store.Put(t.Context(), tranship.Spec{Path: "f"}, make([]byte, min(size, tranship.MaxPutBytes))); err != nil {
			t.Fatal(err)
		}
		got := w.do(http.MethodGet, "f", nil)
		if got.status == http.StatusOK && got.err == nil || got.status != http.StatusOK && got.status != http.StatusInternalServerError {
			t.Errorf("%d bytes: %d, %v", size, got.status, got.err)
		}
	}
}
