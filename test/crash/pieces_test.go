package crash

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/tranship/tranship/internal/testing/filetest"
)

// TestUploadInPieces checks that an upload of pieces that end at any byte, over HTTP, survives a
// crash of the server at any moment: what a response has acknowledged is there afterwards, and the
// client goes on from there.
func TestUploadInPieces(t *testing.T) {
	p := parametersOf(t)
	u := &piecewise{parameters: p, Client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, root: t.TempDir()}
	u.restart(t)
	for n, crashes := 0, 0; crashes < p.kills; n++ {
		source := filepath.Join(t.TempDir(), "source.bin")
		filetest.WriteRandom(t, source, p.size, byte(n))
		path := fmt.Sprintf("up/%d.bin", n)
		crashes += u.upload(t, source, path, p.kills-crashes)
		same(t, source, filepath.Join(u.root, path))
		only(t, filepath.Join(u.root, "up"), names(n)...)
	}
	// The state of the pieces stays until it expires, but no data.
	s := &site{root: u.root, server: u.server}
	s.clean(t)
	u.server.stop(t)
}

// piecewise is a client of tus, and its server.
type piecewise struct {
	parameters
	*http.Client
	root   string
	server *server
	http   string
}

// restart starts the server, or starts it again.
func (u *piecewise) restart(t *testing.T) {
	t.Helper()
	u.server = startServer(t, u.root, "--http", "127.0.0.1:0", "--log-format", "json")
	pattern := regexp.MustCompile(`"address":"(127\.0\.0\.1:\d+)","protocol":"http"`)
	u.server.Err.AwaitMatch(t, pattern)
	u.http = "http://" + pattern.FindStringSubmatch(u.server.Err.String())[1]
}

// do sends a request, and returns the response without its body.
func (u *piecewise) do(t *testing.T, method, url string, body io.Reader, headers ...string) (*http.Response, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, u.http+url, body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Tus-Resumable", "1.0.0")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := u.Do(request)
	if err == nil {
		err = response.Body.Close()
	}
	return response, err
}

// upload uploads a file, and kills the server so many times on the way, or less often. It returns how
// often.
func (u *piecewise) upload(t *testing.T, source, path string, kills int) (crashes int) {
	t.Helper()
	data, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	response, err := u.do(t, http.MethodPost, "/uploads/", nil, "Upload-Length", strconv.Itoa(len(data)),
		"Upload-Metadata", "path "+base64.StdEncoding.EncodeToString([]byte(path)))
	if err != nil || response.StatusCode != http.StatusCreated {
		t.Fatalf("the upload was not created: %v, %v", response, err)
	}
	location, acknowledged := response.Header.Get("Location"), 0
	for acknowledged < len(data) {
		size := 1 + u.random.IntN(min(len(data)-acknowledged, len(data)/8))
		var body io.Reader = bytes.NewReader(data[acknowledged : acknowledged+size])
		crashing := crashes < kills && u.random.IntN(2) == 0
		if crashing {
			body = &killing{Reader: body, left: u.random.IntN(size), kill: u.server.Kill}
		}
		response, err := u.do(t, http.MethodPatch, location, body, "Upload-Offset", strconv.Itoa(acknowledged),
			"Content-Type", "application/offset+octet-stream")
		if !crashing && err != nil {
			t.Fatalf("a piece of %d bytes from %d: %v", size, acknowledged, err)
		}
		if err == nil {
			if response.StatusCode != http.StatusNoContent {
				t.Fatalf("a piece of %d bytes from %d: %s", size, acknowledged, response.Status)
			}
			acknowledged += size
		}
		if crashing {
			crashes++
			u.server.Kill() // also if the piece was too short for that
			u.restart(t)
			now := u.offset(t, location)
			t.Logf("crash %d, in a piece of %d bytes from %d: the server has %d", crashes, size, acknowledged, now)
			if now < acknowledged {
				t.Fatalf("of %d bytes that were acknowledged %d remain", acknowledged, now)
			}
			acknowledged = now
		}
	}
	return crashes
}

// offset asks how much of an upload the server has.
func (u *piecewise) offset(t *testing.T, location string) int {
	t.Helper()
	response, err := u.do(t, http.MethodHead, location, nil)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("HEAD of an upload: %v, %v", response, err)
	}
	offset, err := strconv.Atoi(response.Header.Get("Upload-Offset"))
	if err != nil {
		t.Fatal(err)
	}
	return offset
}

// killing kills the server once so many bytes were read.
type killing struct {
	io.Reader
	left int
	kill func()
}

func (k *killing) Read(data []byte) (int, error) {
	if k.left <= 0 {
		k.kill()
		return 0, io.ErrUnexpectedEOF
	}
	n, err := k.Reader.Read(data[:min(len(data), k.left)])
	k.left -= n
	return n, err
}
