package engines

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/internal/testing/program"
	"github.com/tranship/tranship/internal/testing/s3engine"
	"github.com/tranship/tranship/store/s3"
)

// httpServer is a server that serves a bucket over HTTP as well.
type httpServer struct {
	*program.Server
	url string
}

// serveHTTP starts one.
func (f *fleet) serveHTTP(t *testing.T) httpServer {
	t.Helper()
	served := built.ServeStore(t, func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, s3engine.Environment()...) },
		append(f.flags(), "--http", "127.0.0.1:0", "--log-format", "json")...)
	pattern := regexp.MustCompile(`"address":"(127\.0\.0\.1:\d+)","protocol":"http"`)
	served.Err.AwaitMatch(t, pattern)
	return httpServer{served, "http://" + pattern.FindStringSubmatch(served.Err.String())[1]}
}

// tus makes a request of an upload of the protocol tus.
func (s httpServer) tus(t *testing.T, method, path string, body []byte, status int, headers ...string) http.Header {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.url+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Tus-Resumable", "1.0.0")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != status {
		text, _ := io.ReadAll(response.Body)
		t.Fatalf("%s %s: %s %s, want %d", method, path, response.Status, text, status)
	}
	return response.Header
}

// TestPieces sends the pieces of an upload to servers of an engine of this process, which are killed.
func TestPieces(t *testing.T) {
	testPieces(t, fakes3.New(fakes3.Options{}).Start(t), "bucket")
}

// TestVersitygwPieces does the same with a gateway to a directory.
func TestVersitygwPieces(t *testing.T) {
	gateway := s3engine.StartVersitygw(t)
	testPieces(t, gateway.Endpoint, gateway.Bucket(t))
}

// testPieces sends pieces, which are shorter than parts, to two servers in turn. Some are acknowledged
// by a server that is killed right after: the other one must have them.
func testPieces(t *testing.T, endpoint, bucket string) {
	t.Helper()
	const piece, size = 1 << 20, 2*partBytes + 1<<20 + 7
	f := &fleet{endpoint: endpoint, bucket: bucket}
	pair := []httpServer{f.serveHTTP(t), f.serveHTTP(t)}
	source := filepath.Join(t.TempDir(), "source.bin")
	filetest.WriteRandom(t, source, size, 1)
	data, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}

	created := pair[0].tus(t, http.MethodPost, "/uploads/", nil, http.StatusCreated, "Upload-Length", strconv.Itoa(size),
		"Upload-Metadata", "path "+base64.StdEncoding.EncodeToString([]byte("up/pieces.bin")))
	upload := created.Get("Location")
	for n, offset := 0, 0; offset < size; n++ {
		server, other := &pair[n%2], pair[(n+1)%2]
		end := min(offset+piece, size)
		header := server.tus(t, http.MethodPatch, upload, data[offset:end], http.StatusNoContent,
			"Upload-Offset", strconv.Itoa(offset), "Content-Type", "application/offset+octet-stream")
		if got := header.Get("Upload-Offset"); got != strconv.Itoa(end) {
			t.Fatalf("piece %d: the offset is %s, want %d", n, got, end)
		}
		// A server is killed after the second piece of the first part, the last piece of that part, a
		// piece of the second part and the last piece of the file.
		if n == 1 || n == 7 || n == 12 || end == size {
			server.Kill()
			*server = f.serveHTTP(t)
		}
		if got := other.tus(t, http.MethodHead, upload, nil, http.StatusOK).Get("Upload-Offset"); got != strconv.Itoa(end) {
			t.Fatalf("piece %d: the offset at another server is %s, want %d", n, got, end)
		}
		visible := http.StatusNotFound
		if end == size {
			visible = http.StatusOK
		}
		other.tus(t, http.MethodHead, "/files/up/pieces.bin", nil, visible)
		offset = end
	}
	same(t, f.open(t, s3.Options{}), "up/pieces.bin", source)
}
