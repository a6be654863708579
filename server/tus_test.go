package server_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/disk"
	"github.com/tranship/tranship/store/mem"
)

// tus makes a request for the upload with a URL, or for a new one.
func (w *web) tus(method, url string, body io.Reader, headers ...string) response {
	w.t.Helper()
	request, err := http.NewRequestWithContext(testContext(w.t), method, "http://"+w.address+url, body)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.token != "" {
		request.Header.Set("Authorization", "Bearer "+w.token)
	}
	request.Header.Set("Tus-Resumable", "1.0.0")
	if method == http.MethodPatch {
		request.Header.Set("Content-Type", "application/offset+octet-stream")
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	got, err := w.client.Do(request)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, url, err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	return response{got.StatusCode, got.Header, string(text), err}
}

// tusMetadata returns the value of Upload-Metadata for keys and values in turn.
func tusMetadata(pairs ...string) string {
	var all []string
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, pairs[i]+" "+base64.StdEncoding.EncodeToString([]byte(pairs[i+1])))
	}
	return strings.Join(all, ",")
}

// createTus creates an upload, and returns its URL.
func (w *web) createTus(size int64, metadata ...string) string {
	w.t.Helper()
	created := w.tus(http.MethodPost, "/uploads/", nil, "Upload-Length", strconv.FormatInt(size, 10), "Upload-Metadata", tusMetadata(metadata...))
	created.want(w.t, "POST", http.StatusCreated)
	location := created.header.Get("Location")
	if !strings.HasPrefix(location, "/uploads/") || len(location) < 30 {
		w.t.Fatalf("Location is %q", location)
	}
	return location
}

// patchTus sends a piece, and returns the new offset.
func (w *web) patchTus(url string, offset int64, piece string, headers ...string) int64 {
	w.t.Helper()
	got := w.tus(http.MethodPatch, url, strings.NewReader(piece), append(headers, "Upload-Offset", strconv.FormatInt(offset, 10))...)
	return tusOffset(w.t, got.want(w.t, "PATCH", http.StatusNoContent))
}

// tusOffset returns the offset in a response.
func tusOffset(t *testing.T, r response) int64 {
	t.Helper()
	offset, err := strconv.ParseInt(r.header.Get("Upload-Offset"), 10, 64)
	if err != nil {
		t.Fatalf("%v: %v", r.header, err)
	}
	return offset
}

// offsetTus asks how far an upload is.
func (w *web) offsetTus(url string) int64 {
	w.t.Helper()
	return tusOffset(w.t, w.tus(http.MethodHead, url, nil).want(w.t, "HEAD", http.StatusOK))
}

// sendTus sends the rest of an upload in pieces of a length. Each begins where the server says. A
// request that a client has given up may still reach the server, after which the offset is another.
func (w *web) sendTus(url, content string, piece int) {
	w.t.Helper()
	for offset := w.offsetTus(url); offset < int64(len(content)); {
		now := strings.NewReader(content[offset:min(offset+int64(piece), int64(len(content)))])
		got := w.tus(http.MethodPatch, url, now, "Upload-Offset", strconv.FormatInt(offset, 10))
		if got.status == http.StatusConflict {
			offset = w.offsetTus(url)
			continue
		}
		offset = tusOffset(w.t, got.want(w.t, "PATCH", http.StatusNoContent))
	}
}

// tusStore is a store with the length of its parts.
type tusStore struct {
	tranship.Store
	part int
}

// tusStores are stores whose parts are short.
func tusStores(t *testing.T) map[string]tusStore {
	t.Helper()
	onDisk, err := disk.Open(t.TempDir(), disk.Options{MinPartSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := onDisk.Close(); err != nil {
			t.Error(err)
		}
	})
	return map[string]tusStore{"mem": {&mem.Store{PartSize: 1 << 10}, 1 << 10}, "disk": {onDisk, 1 << 20}}
}

// noUploads fails if a store has unfinished uploads, or states of tus if states is set.
func noUploads(t *testing.T, store tranship.Store, states bool) {
	t.Helper()
	for info, err := range store.ListUploads(t.Context(), "") {
		t.Errorf("%+v, %v remains", info, err)
	}
	if state, _ := tranship.As[tranship.StateStore](store); states {
		for entry, err := range state.ListState(t.Context(), "tus/") {
			t.Errorf("%s %s, %v remains", entry.Key, entry.Value, err)
		}
	}
}

// TestTusPieces uploads files of all kinds of lengths in pieces of all kinds of lengths.
func TestTusPieces(t *testing.T) {
	for name, store := range tusStores(t) {
		t.Run(name, func(t *testing.T) {
			w := serveHTTP(t, store.Store, server.Config{})
			for _, size := range []int{0, 1, store.part - 1, store.part, store.part + 1, 2*store.part + 777} {
				content := string(filetest.Random(size))
				for _, piece := range []int{max(size, 1), store.part - 1, store.part, store.part/3*2 + 1} {
					url := w.createTus(int64(size), "path", "dir/a b.bin")
					w.sendTus(url, content, piece)
					if got := w.do(http.MethodGet, "dir/a b.bin", nil).want(t, "GET", http.StatusOK); got.body != content {
						t.Fatalf("%d bytes in pieces of %d came back as %d, or others", size, piece, len(got.body))
					}
					// As after the loss of the last response.
					if got := w.offsetTus(url); got != int64(size) {
						t.Errorf("the offset of a committed upload is %d, want %d", got, size)
					}
					w.patchTus(url, int64(size), "")
					w.tus(http.MethodDelete, url, nil).want(t, "DELETE", http.StatusNoContent)
					w.tus(http.MethodHead, url, nil).want(t, "HEAD", http.StatusNotFound)
					w.do(http.MethodDelete, "dir/a b.bin", nil).want(t, "DELETE of the file", http.StatusNoContent)
				}
			}
			noUploads(t, store.Store, true)
		})
	}
}

// TestTusHeaders checks what OPTIONS, POST and HEAD tell, and what becomes of the metadata.
func TestTusHeaders(t *testing.T) {
	store := &mem.Store{}
	w := serveHTTP(t, store, server.Config{})
	about := w.tus(http.MethodOptions, "/uploads/", nil).want(t, "OPTIONS", http.StatusNoContent)
	for name, want := range map[string]string{
		"Tus-Resumable": "1.0.0", "Tus-Version": "1.0.0", "Tus-Checksum-Algorithm": "sha1,sha256,crc32c",
		"Accept-Patch":  "application/offset+octet-stream, application/partial-upload",
		"Tus-Extension": "creation,creation-with-upload,checksum,checksum-trailer,expiration,termination",
	} {
		if got := about.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	metadata := tusMetadata("filename", "a", "modified", "2026-05-04T09:30:00.5Z", "filetype", "image/png", "Not-Kept", "x", "crc32c", "364b3fb7")
	created := w.tus(http.MethodPost, "/uploads", strings.NewReader("ab"), "Upload-Length", "3", "Upload-Metadata", metadata,
		"Content-Type", "application/offset+octet-stream").want(t, "POST", http.StatusCreated)
	url := created.header.Get("Location")
	head := w.tus(http.MethodHead, url, nil).want(t, "HEAD", http.StatusOK)
	if head.header.Get("Upload-Metadata") != metadata || head.header.Get("Upload-Length") != "3" || head.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", head.header)
	}
	for what, r := range map[string]response{"POST": created, "HEAD": head} {
		expires, err := http.ParseTime(r.header.Get("Upload-Expires"))
		if left := time.Until(expires); err != nil || left < mem.DefaultUploadExpiry-time.Hour || left > mem.DefaultUploadExpiry+time.Hour {
			t.Errorf("%s: %v, %v", what, r.header, err)
		}
	}
	w.sendTus(url, "abc", 3)
	file, err := store.Stat(t.Context(), "a")
	if err != nil || !file.ModTime.Equal(time.Date(2026, 5, 4, 9, 30, 0, 5e8, time.UTC)) || len(file.Metadata) != 1 || file.Metadata["filetype"] != "image/png" {
		t.Errorf("%+v, %v", file, err)
	}
	// A client that cannot send PATCH.
	url = w.createTus(1, "path", "b")
	w.tus(http.MethodPost, url, strings.NewReader("x"), "X-HTTP-Method-Override", "PATCH", "Upload-Offset", "0",
		"Content-Type", "application/offset+octet-stream").want(t, "override", http.StatusNoContent)
	w.do(http.MethodGet, "b", nil).want(t, "GET", http.StatusOK)
}

// TestTusBadRequests checks the status of requests that are wrong, and that they leave nothing.
func TestTusBadRequests(t *testing.T) {
	store := &mem.Store{}
	w := serveHTTP(t, store, server.Config{})
	path := tusMetadata("path", "a")
	for _, test := range []struct {
		status  int
		headers []string
	}{
		{400, []string{"Upload-Metadata", path}},
		{400, []string{"Upload-Metadata", path, "Upload-Length", "-1"}},
		{400, []string{"Upload-Metadata", path, "Upload-Length", "+1"}},
		{400, []string{"Upload-Metadata", path, "Upload-Length", "9223372036854775808"}},
		{400, []string{"Upload-Metadata", path, "Upload-Defer-Length", "1"}},
		{400, []string{"Upload-Metadata", path, "Upload-Length", "1", "Upload-Concat", "partial"}},
		{400, []string{"Upload-Length", "1"}},
		{400, []string{"Upload-Length", "1", "Upload-Metadata", "path"}},
		{400, []string{"Upload-Length", "1", "Upload-Metadata", "path !!!"}},
		{400, []string{"Upload-Length", "1", "Upload-Metadata", path + "," + path}},
		{400, []string{"Upload-Length", "1", "Upload-Metadata", path + ",modified " + base64.StdEncoding.EncodeToString([]byte("yesterday"))}},
		{400, []string{"Upload-Length", "1", "Upload-Metadata", path + ",crc32c eHg="}},
		{400, []string{"Upload-Length", "1", "Upload-Metadata", path + ",precondition eHg="}},
		{400, []string{"Upload-Length", "1", "Upload-Metadata", tusMetadata("path", "../a")}},
		{400, []string{"Upload-Length", "1", "Upload-Metadata", tusMetadata("path", "/etc/passwd")}},
		{400, []string{"Upload-Length", "1", "Upload-Metadata", tusMetadata("path", "a\x00b")}},
		{400, []string{"Upload-Length", "1", "Upload-Metadata", tusMetadata("path", "a/")}},
		{400, []string{"Upload-Length", "1", "Upload-Metadata", tusMetadata("path", "a/./b")}},
		{412, []string{"Upload-Length", "1", "Upload-Metadata", path, "Tus-Resumable", "0.2.2"}},
	} {
		got := w.tus(http.MethodPost, "/uploads/", nil, test.headers...).want(t, strings.Join(test.headers, " "), test.status)
		if got.header.Get("Tranship-Error") == "" || got.header.Get("Location") != "" || got.header.Get("Tus-Resumable") != "1.0.0" {
			t.Errorf("%v: %v", test.headers, got.header)
		}
	}
	noUploads(t, store, true)
	url := w.createTus(5, "path", "a")
	for _, test := range []struct {
		status  int
		method  string
		url     string
		body    string
		headers []string
	}{
		{400, http.MethodPatch, url, "x", nil},
		{400, http.MethodPatch, url, "x", []string{"Upload-Offset", "-1"}},
		{409, http.MethodPatch, url, "x", []string{"Upload-Offset", "1"}},
		{413, http.MethodPatch, url, "123456", []string{"Upload-Offset", "0"}},
		{415, http.MethodPatch, url, "x", []string{"Upload-Offset", "0", "Content-Type", "text/plain"}},
		{400, http.MethodPatch, url, "x", []string{"Upload-Offset", "0", "Upload-Checksum", "md5 eHg="}},
		{400, http.MethodPatch, url, "x", []string{"Upload-Offset", "0", "Upload-Checksum", "sha1 eHg="}},
		{405, http.MethodPut, url, "x", nil},
		{405, http.MethodGet, "/uploads/", "", nil},
		{404, http.MethodHead, url + "x", "", nil},
		{404, http.MethodHead, url[:len(url)-1] + "1", "", nil},
		{404, http.MethodHead, "/uploads/..%2f..%2fetc", "", nil},
		{404, http.MethodDelete, "/uploads/" + strings.Repeat("a", 32), "", nil},
		{404, http.MethodPatch, "/uploads/" + strings.Repeat("a", 32), "x", []string{"Upload-Offset", "0"}},
	} {
		var body io.Reader
		if test.body != "" {
			body = strings.NewReader(test.body)
		}
		w.tus(test.method, test.url, body, test.headers...).want(t, test.method+" "+test.url+" "+strings.Join(test.headers, " "), test.status)
	}
	// A piece of unknown length that is too long.
	w.tus(http.MethodPatch, url, io.MultiReader(strings.NewReader("123456")), "Upload-Offset", "0").want(t, "too long", http.StatusRequestEntityTooLarge)
	if got := w.offsetTus(url); got != 0 {
		t.Errorf("the offset is %d", got)
	}
	w.sendTus(url, "12345", 5)
	if got := w.do(http.MethodGet, "a", nil); got.body != "12345" {
		t.Errorf("%+v", got)
	}
}
