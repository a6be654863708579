package server_test

import (
	"context"
	"io"
	"net/http"
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
