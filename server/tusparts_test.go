package server_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// partCounter is a store that counts the parts that are being written.
type partCounter struct {
	*mem.Store
	mu         sync.Mutex
	open, most int
}

func (c *partCounter) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	upload, err := c.Store.Begin(ctx, spec)
	if err != nil {
		return nil, err
	}
	return &countedUpload{upload, c}, nil
}

type countedUpload struct {
	tranship.Upload
	counter *partCounter
}

func (u *countedUpload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	writer, err := u.Upload.Part(ctx, n)
	if err != nil {
		return nil, err
	}
	u.counter.add(1)
	return &countedPart{writer, u.counter}, nil
}

func (c *partCounter) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open += n
	c.most = max(c.most, c.open)
}

type countedPart struct {
	tranship.PartWriter
	counter *partCounter
}

func (p *countedPart) Close() error {
	p.counter.add(-1)
	return p.PartWriter.Close()
}

// TestTusOnePart checks that a piece with a checksum has one part at a time. A store may let a part
// wait for the memory of others: a piece that held several would wait for itself.
func TestTusOnePart(t *testing.T) {
	store := &partCounter{Store: &mem.Store{PartSize: 8}}
	w := serveHTTP(t, store, server.Config{})
	content := filetest.Random(8*5 + 3)
	sum := sha256.Sum256(content)
	checksum := "sha256 " + base64.StdEncoding.EncodeToString(sum[:])
	url := w.createTus(int64(len(content)), "path", "a")
	wrong := bytes.Clone(content)
	wrong[len(wrong)-1]++
	w.tus(http.MethodPatch, url, bytes.NewReader(wrong), "Upload-Offset", "0", "Upload-Checksum", checksum).want(t, "a wrong piece", 460)
	if store.most != 0 {
		t.Errorf("%d parts were begun for a piece whose checksum is wrong", store.most)
	}
	w.patchTus(url, 0, string(content), "Upload-Checksum", checksum)
	if store.most != 1 || store.open != 0 {
		t.Errorf("%d parts were open at once, and %d are", store.most, store.open)
	}
	if got := w.do(http.MethodGet, "a", nil).want(t, "GET", http.StatusOK); got.body != string(content) {
		t.Errorf("%d bytes came back, or others", len(got.body))
	}
}

// TestTusCheckedTooLong checks that the server does not hold pieces of any length.
func TestTusCheckedTooLong(t *testing.T) {
	w := serveHTTP(t, &mem.Store{}, server.Config{})
	const most = 8 << 20
	zero := sha256.Sum256(make([]byte, most))
	checksum := "sha256 " + base64.StdEncoding.EncodeToString(zero[:])
	url := w.createTus(2*most, "path", "a")
	long := strings.Repeat("\x00", most+1)
	for name, body := range map[string]io.Reader{"known": strings.NewReader(long), "chunked": io.MultiReader(strings.NewReader(long))} {
		w.tus(http.MethodPatch, url, body, "Upload-Offset", "0", "Upload-Checksum", checksum).want(t, name, http.StatusRequestEntityTooLarge)
	}
	if got := w.offsetTus(url); got != 0 {
		t.Fatalf("the offset is %d", got)
	}
	if got := w.patchTus(url, 0, long[:most], "Upload-Checksum", checksum); got != most {
		t.Errorf("the offset is %d", got)
	}
}
