package server_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/disk"
)

// TestTusChecksum checks that nothing of a piece without its checksum is kept.
func TestTusChecksum(t *testing.T) {
	sums := map[string]string{ // of "abc"
		"sha1":   "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
		"sha256": "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
		"crc32c": "NkvyZw==",
	}
	sums["crc32c"] = base64.StdEncoding.EncodeToString([]byte{0x36, 0x4b, 0x3f, 0xb7})
	for name, store := range tusStores(t) {
		t.Run(name, func(t *testing.T) {
			w := serveHTTP(t, store.Store, server.Config{})
			for algorithm, sum := range sums {
				url := w.createTus(3, "path", "a")
				if got := w.tus(http.MethodPatch, url, strings.NewReader("abd"), "Upload-Offset", "0", "Upload-Checksum", algorithm+" "+sum); got.status != 460 {
					t.Fatalf("%+v", got)
				}
				if got := w.offsetTus(url); got != 0 {
					t.Fatalf("the offset is %d", got)
				}
				if got := w.patchTus(url, 0, "abc", "Upload-Checksum", algorithm+" "+sum); got != 3 {
					t.Fatalf("the offset is %d", got)
				}
				w.do(http.MethodGet, "a", nil).want(t, "GET", http.StatusOK)
				w.do(http.MethodDelete, "a", nil).want(t, "DELETE", http.StatusNoContent)
			}
			// A wrong piece of several parts after a right one.
			content := string(filetest.Random(3*store.part + 5))
			url := w.createTus(int64(len(content)), "path", "b")
			offset := w.patchTus(url, 0, content[:store.part+99])
			w.tus(http.MethodPatch, url, strings.NewReader(content[offset:]), "Upload-Offset", strconv.FormatInt(offset, 10),
				"Upload-Checksum", "sha1 "+sums["sha1"]).want(t, "a wrong piece", 460)
			if got := w.offsetTus(url); got != offset {
				t.Fatalf("the offset is %d, want %d", got, offset)
			}
			w.sendTus(url, content, len(content))
			if got := w.do(http.MethodGet, "b", nil); got.body != content {
				t.Errorf("%d bytes came back, or others", len(got.body))
			}
			noUploads(t, store.Store, false)
		})
	}
}

// TestTusCommitFails checks that an upload that cannot become a file is gone, so that no client takes
// it for complete.
func TestTusCommitFails(t *testing.T) {
	for name, store := range tusStores(t) {
		t.Run(name, func(t *testing.T) {
			w := serveHTTP(t, store.Store, server.Config{})
			put := func(path string) response {
				return w.do(http.MethodPut, path, strings.NewReader("other")).want(t, "PUT", http.StatusCreated)
			}
			old := put("old").header.Get("ETag")
			for _, test := range []struct {
				status   int
				metadata []string
				before   func()
			}{
				{http.StatusPreconditionFailed, []string{"path", "new", "precondition", "none-match"}, func() { put("new") }},
				{http.StatusPreconditionFailed, []string{"path", "old", "precondition", "match " + old}, func() { put("old") }},
				{http.StatusUnprocessableEntity, []string{"path", "sum", "crc32c", "00000000"}, func() {}},
				{http.StatusConflict, []string{"path", "d"}, func() { put("d/e") }},
			} {
				url := w.createTus(3, test.metadata...)
				test.before()
				got := w.tus(http.MethodPatch, url, strings.NewReader("abc"), "Upload-Offset", "0").want(t, "PATCH", test.status)
				if got.header.Get("Tranship-Error") == "" {
					t.Errorf("%v", got.header)
				}
				again := w.tus(http.MethodHead, url, nil)
				if slices.Contains(test.metadata, "crc32c") || again.status != test.status {
					again.want(t, "HEAD", http.StatusNotFound)
				}
			}
			// Both fail early as well.
			w.tus(http.MethodPost, "/uploads/", nil, "Upload-Length", "1", "Upload-Metadata", tusMetadata("path", "new", "precondition", "none-match")).
				want(t, "POST", http.StatusPreconditionFailed)
			w.tus(http.MethodPost, "/uploads/", nil, "Upload-Length", "1", "Upload-Metadata", tusMetadata("path", "old", "precondition", "match "+old)).
				want(t, "POST", http.StatusPreconditionFailed)
			if got := w.do(http.MethodGet, "new", nil); got.body != "other" {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestTusAborted checks that an upload that was removed by other means is gone, and stays so.
func TestTusAborted(t *testing.T) {
	for name, store := range tusStores(t) {
		t.Run(name, func(t *testing.T) {
			w := serveHTTP(t, store.Store, server.Config{})
			for _, method := range []string{http.MethodHead, http.MethodPatch, http.MethodDelete} {
				url := w.createTus(3, "path", "a")
				for info, err := range store.ListUploads(t.Context(), "") {
					if err != nil || info.Path != "a" || info.Size != 3 {
						t.Fatalf("%+v, %v", info, err)
					}
					if err := store.AbortUpload(t.Context(), info.ID); err != nil {
						t.Fatal(err)
					}
				}
				w.tus(method, url, strings.NewReader(""), "Upload-Offset", "0").want(t, method, http.StatusGone)
				w.tus(method, url, strings.NewReader(""), "Upload-Offset", "0").want(t, method, http.StatusNotFound)
				noUploads(t, store.Store, true)
			}
		})
	}
}

// TestTusUnwanted removes uploads that can no longer become the file that they were created for.
func TestTusUnwanted(t *testing.T) {
	for name, store := range tusStores(t) {
		t.Run(name, func(t *testing.T) {
			w := serveHTTP(t, store.Store, server.Config{})
			remove := func(url string, status int) {
				t.Helper()
				w.tus(http.MethodDelete, url, nil).want(t, "DELETE", status)
				w.tus(http.MethodDelete, url, nil).want(t, "DELETE again", http.StatusNotFound)
				noUploads(t, store.Store, true)
			}
			version := w.do(http.MethodPut, "old", strings.NewReader("1")).want(t, "PUT", http.StatusCreated).header.Get("ETag")
			taken := w.createTus(3, "path", "new", "precondition", "none-match")
			w.patchTus(taken, 0, "ab")
			w.do(http.MethodPut, "new", strings.NewReader("2")).want(t, "PUT", http.StatusCreated)
			w.tus(http.MethodHead, taken, nil).want(t, "HEAD", http.StatusPreconditionFailed)
			remove(taken, http.StatusNoContent)
			replaced := w.createTus(3, "path", "old", "precondition", "match "+version)
			w.patchTus(replaced, 0, "ab")
			w.do(http.MethodPut, "old", strings.NewReader("3")).want(t, "PUT", http.StatusCreated)
			remove(replaced, http.StatusNoContent)
			aborted := w.createTus(3, "path", "later", "precondition", "none-match")
			for info := range store.ListUploads(t.Context(), "") {
				if err := store.AbortUpload(t.Context(), info.ID); err != nil {
					t.Fatal(err)
				}
			}
			w.do(http.MethodPut, "later", strings.NewReader("4")).want(t, "PUT", http.StatusCreated)
			remove(aborted, http.StatusGone)
			for name, content := range map[string]string{"new": "2", "old": "3", "later": "4"} {
				if got := w.do(http.MethodGet, name, nil); got.body != content {
					t.Errorf("%s has %q", name, got.body)
				}
			}
		})
	}
}

// TestTusLarge checks offsets that need more than 32 bits.
func TestTusLarge(t *testing.T) {
	store, err := disk.Open(t.TempDir(), disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	w := serveHTTP(t, store, server.Config{})
	const size = 5<<30 + 3
	url := w.createTus(size, "path", "large")
	spec := tranship.Spec{Path: "large", Size: new(int64(size)), ResumeKey: "tus/" + strings.TrimPrefix(url, "/uploads/")}
	upload, err := store.Begin(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	for n := range int((size - 1) / upload.PartSize()) {
		part, err := upload.Part(t.Context(), n)
		if err == nil {
			err = tranship.WriteZeros(part, upload.PartSize())
		}
		if err == nil {
			err = part.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := upload.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := upload.Detach(t.Context()); err != nil {
		t.Fatal(err)
	}
	offset := w.offsetTus(url)
	if offset <= 4<<30 || offset >= size {
		t.Fatalf("the offset is %d", offset)
	}
	rest := bytes.Repeat([]byte("x"), int(size-offset))
	if got := w.patchTus(url, offset, string(rest)); got != size {
		t.Errorf("the offset is %d", got)
	}
	if file, err := store.Stat(t.Context(), "large"); err != nil || file.Size != size {
		t.Errorf("%+v, %v", file, err)
	}
}
