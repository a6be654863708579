package rclone

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	backend "github.com/rclone/rclone/backend/webdav"
	"github.com/rclone/rclone/fs/config/configmap"
	"github.com/rclone/rclone/fs/object"
	"golang.org/x/net/webdav"

	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/disk"
)

// chunkBytes is how many bytes rclone sends at once.
const chunkBytes = 10 << 20

// serve serves a directory over HTTP until stop. It returns the URL of the server.
func serve(t *testing.T, root string) (address string, stop func()) {
	t.Helper()
	store, err := disk.Open(root, disk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	service, err := server.New(t.Context(), storeserver.Open(store, server.Config{}))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- service.Serve(context.Background(), server.HTTPListener{Listener: listener}) }()
	return "http://" + listener.Addr().String(), func() {
		service.Stop()
		if err := <-served; !errors.Is(err, server.ErrStopped) {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
}

// newFs returns rclone's view of a server that speaks WebDAV and tus.
func newFs(t *testing.T, address string) *backend.Fs {
	t.Helper()
	view, err := backend.NewFs(t.Context(), "tus", "", configmap.Simple{"url": address, "vendor": "infinitescale"})
	if err != nil {
		t.Fatal(err)
	}
	return view.(*backend.Fs)
}

// front is what stands before a server at a site that also speaks WebDAV: rclone creates its uploads
// in directories, and asks for a file after its upload.
func front(t *testing.T, root, address string) string {
	t.Helper()
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	uploads := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.URL.Path = "/uploads/"
		},
		ModifyResponse: func(response *http.Response) error { // rclone knows absolute ones only
			location, err := response.Location()
			if err == nil {
				response.Header.Set("Location", target.ResolveReference(location).String())
			}
			return nil
		},
	}
	files := &webdav.Handler{FileSystem: webdav.Dir(root), LockSystem: webdav.NewMemLS()}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			uploads.ServeHTTP(w, r)
			return
		}
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(site.Close)
	return site.URL
}

// TestPut copies files as rclone does.
func TestPut(t *testing.T) {
	root := t.TempDir()
	address, stop := serve(t, root)
	defer stop()
	view := newFs(t, front(t, root, address))
	for name, size := range map[string]int{
		"byte": 1, "small file.bin": 1000, "chunk": chunkBytes, "more than a chunk": chunkBytes + 1, "图像.dcm": 2*chunkBytes + 4321,
	} {
		t.Run(name, func(t *testing.T) {
			content := filetest.Random(size)
			source := object.NewStaticObjectInfo(name, time.Now(), int64(size), true, nil, view)
			file, err := view.Put(t.Context(), bytes.NewReader(content), source)
			if err != nil {
				t.Fatal(err)
			}
			if file.Size() != int64(size) {
				t.Errorf("rclone sees %d bytes, want %d", file.Size(), size)
			}
			want(t, filepath.Join(root, name), content)
		})
	}
}

// TestResume sends the first chunks of a file, and the rest to another server of the directory.
func TestResume(t *testing.T) {
	root := t.TempDir()
	content := filetest.Random(4*chunkBytes + 99)
	address, stop := serve(t, root)
	location := create(t, address, "dir/resumed", len(content))
	first := &broken{Reader: bytes.NewReader(content), limit: 2 * chunkBytes}
	if err := upload(t, address, location, first, len(content), 0); !errors.Is(err, errBroken) {
		t.Fatal(err)
	}
	stop()
	if _, err := os.Stat(filepath.Join(root, "dir", "resumed")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half a file is visible: %v", err)
	}

	address, stop = serve(t, root)
	defer stop()
	offset := offsetOf(t, address+location)
	if offset != 2*chunkBytes {
		t.Errorf("%d bytes were kept, want %d", offset, 2*chunkBytes)
	}
	if err := upload(t, address, location, bytes.NewReader(content), len(content), offset); err != nil {
		t.Fatal(err)
	}
	want(t, filepath.Join(root, "dir", "resumed"), content)
}

// TestRefused sends a chunk at an offset that the upload does not have, and one to no upload.
func TestRefused(t *testing.T) {
	root := t.TempDir()
	address, stop := serve(t, root)
	defer stop()
	content := filetest.Random(1000)
	location := create(t, address, "f", len(content))
	if err := upload(t, address, location, bytes.NewReader(content), len(content), 7); !errors.Is(err, backend.ErrOffsetMismatch) {
		t.Errorf("offset 7: %v", err)
	}
	if err := upload(t, address, "/uploads/none", bytes.NewReader(content), len(content), 0); err == nil {
		t.Error("an upload that does not exist took a chunk")
	}
	if err := upload(t, address, location, bytes.NewReader(content), len(content), 0); err != nil {
		t.Fatal(err)
	}
	want(t, filepath.Join(root, "f"), content)
}

// upload sends a file from an offset on with rclone's client.
func upload(t *testing.T, address, location string, source io.ReadSeeker, size int, offset int64) error {
	t.Helper()
	file := backend.NewUpload(source, int64(size), nil, "")
	return backend.NewUploader(newFs(t, address), address+location, file, offset).Upload(t.Context())
}

// create creates an upload, and returns the path of its URL.
func create(t *testing.T, address, path string, size int) string {
	t.Helper()
	response := do(t, http.MethodPost, address+"/uploads/", map[string]string{
		"Upload-Length": strconv.Itoa(size), "Upload-Metadata": "path " + base64.StdEncoding.EncodeToString([]byte(path)),
	})
	location, err := response.Location()
	if response.StatusCode != http.StatusCreated || err != nil {
		t.Fatal(response.Status, err)
	}
	return location.Path
}

// offsetOf returns how many bytes of an upload a server has.
func offsetOf(t *testing.T, upload string) int64 {
	t.Helper()
	response := do(t, http.MethodHead, upload, nil)
	offset, err := strconv.ParseInt(response.Header.Get("Upload-Offset"), 10, 64)
	if err != nil {
		t.Fatal(response.Status, err)
	}
	return offset
}

// do sends a request of tus without a body.
func do(t *testing.T, method, target string, header map[string]string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, target, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Tus-Resumable", "1.0.0")
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response
}

// want checks the content of a file.
func want(t *testing.T, file string, content []byte) {
	t.Helper()
	got, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("%s has %d bytes, %v; want %d", filepath.Base(file), len(got), err, len(content))
	}
}

var errBroken = errors.New("the source is broken")

// broken is a file that cannot be read beyond a limit.
type broken struct {
	*bytes.Reader
	limit int64
}

// Read implements io.Reader.
func (b *broken) Read(p []byte) (int, error) {
	if b.Size()-int64(b.Len()) >= b.limit {
		return 0, errBroken
	}
	return b.Reader.Read(p)
}
