package server_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/hook"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/quota"
)

// TestTusHook checks that a hook decides about an upload once, with its last byte, and is told of the
// file.
func TestTusHook(t *testing.T) {
	store, told := &mem.Store{PartSize: 8}, bouncer{make(chan string, 100)}
	hooks := openHooks(t, store, hook.Hook{Name: "bounce", Kinds: hook.Kinds(), Carrier: told, Timeout: time.Minute})
	w := serveHTTP(t, store, server.Config{Hooks: hooks})
	url := w.createTus(20, "path", "good")
	w.sendTus(url, strings.Repeat("x", 20), 7)
	if got := <-told.told; got != "good" {
		t.Errorf("the hook was told of %s", got)
	}
	url = w.createTus(20, "path", "bad")
	w.patchTus(url, 0, strings.Repeat("x", 19))
	got := w.tus(http.MethodPatch, url, strings.NewReader("x"), "Upload-Offset", "19").want(t, "the last piece", http.StatusForbidden)
	if !strings.Contains(got.body, "the path is bad") {
		t.Errorf("%+v", got)
	}
	w.tus(http.MethodHead, url, nil).want(t, "HEAD", http.StatusNotFound)
	noUploads(t, store, false)
}

// TestTusQuota checks that unfinished uploads count, and that those that are given up do not.
func TestTusQuota(t *testing.T) {
	store := &mem.Store{}
	w := serveHTTP(t, store, server.Config{Quota: quota.Options{Bytes: 10, FileBytes: 9}})
	create := func(path, size string) response {
		return w.tus(http.MethodPost, "/uploads/", nil, "Upload-Length", size, "Upload-Metadata", tusMetadata("path", path))
	}
	create("a", "10").want(t, "a file that is too large", http.StatusRequestEntityTooLarge)
	first := create("a", "6").want(t, "POST", http.StatusCreated).header.Get("Location")
	create("b", "6").want(t, "POST without room", http.StatusInsufficientStorage)
	w.tus(http.MethodDelete, first, nil).want(t, "DELETE", http.StatusNoContent)
	second := create("a", "6").want(t, "POST with room", http.StatusCreated).header.Get("Location")
	w.sendTus(second, "abcdef", 4)
	create("b", "6").want(t, "POST without room", http.StatusInsufficientStorage)
	w.do(http.MethodDelete, "a", nil).want(t, "DELETE of the file", http.StatusNoContent)
	create("b", "6").want(t, "POST with room", http.StatusCreated)
}

// TestTusEnded checks what a client is told whose piece an administrator has cancelled, or that stalls,
// and that what came before is kept.
func TestTusEnded(t *testing.T) {
	w := serveHTTP(t, &mem.Store{}, server.Config{Limits: limit.Options{MinRate: 1000, MinRateWindow: slowWindow}})
	for status, word := range map[int]string{http.StatusForbidden: "an administrator", http.StatusTooManyRequests: "less than 1000 bytes a second"} {
		url := w.createTus(10_000_000, "path", "a")
		conn := w.rawPatch(url, 0, 10_000_000, "abc")
		if status == http.StatusForbidden {
			w.awaitMoved(t, 3)
			if _, err := w.service.Running().Cancel(w.service.Running().Transfers()[0].ID); err != nil {
				t.Fatal(err)
			}
		}
		got, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || got.StatusCode != status {
			t.Fatalf("%+v, %v, want %d", got, err, status)
		}
		if text, err := io.ReadAll(got.Body); err != nil || !strings.Contains(string(text), word) {
			t.Errorf("%s, %v", text, err)
		}
		if offset := w.offsetTus(url); offset != 3 {
			t.Errorf("after %d, the offset is %d, want 3", status, offset)
		}
	}
}
