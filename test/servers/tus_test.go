package servers

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
)

// serveTus serves each store over HTTP, and returns the URLs of the servers.
func serveTus(t *testing.T, stores []tranship.Store) (urls []string) {
	t.Helper()
	for _, store := range stores {
		service := storeserver.New(t, store, server.Config{})
		listener := httptest.NewUnstartedServer(nil).Listener
		served := make(chan error, 1)
		go func() { served <- service.Serve(t.Context(), server.HTTPListener{Listener: listener}) }()
		t.Cleanup(func() {
			service.Stop()
			<-served
		})
		urls = append(urls, "http://"+listener.Addr().String())
	}
	return urls
}

// tus makes a request of an upload.
func tus(t *testing.T, method, url string, body []byte, status int, headers ...string) http.Header {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Tus-Resumable", "1.0.0")
	request.Header.Set("Content-Type", "application/offset+octet-stream")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != status {
		t.Fatalf("%s %s: %s %s, want %d", method, url, response.Status, response.Header.Get("Tranship-Error"), status)
	}
	return response.Header
}

// TestPiecesOfOtherServers sends the pieces of one upload, which end in the middle of parts, to three
// servers in turn.
func TestPiecesOfOtherServers(t *testing.T) {
	overStores(t, 3, func(t *testing.T, instances []tranship.Store) {
		urls, data := serveTus(t, instances), noise(5*64<<10+7)
		for _, piece := range []int{64 << 10, 10_007, 64<<10 + 1, len(data)} {
			created := tus(t, http.MethodPost, urls[0]+"/uploads/", nil, http.StatusCreated, "Content-Type", "",
				"Upload-Length", strconv.Itoa(len(data)), "Upload-Metadata", "path "+base64.StdEncoding.EncodeToString([]byte("a")))
			path := created.Get("Location")
			for offset, n := 0, 1; offset < len(data); n++ {
				now := data[offset:min(offset+piece, len(data))]
				header := tus(t, http.MethodPatch, urls[n%3]+path, now, http.StatusNoContent, "Upload-Offset", strconv.Itoa(offset))
				offset += len(now)
				if got := header.Get("Upload-Offset"); got != strconv.Itoa(offset) {
					t.Fatalf("in pieces of %d, the offset is %s, want %d", piece, got, offset)
				}
				header = tus(t, http.MethodHead, urls[(n+1)%3]+path, nil, http.StatusOK)
				if got := header.Get("Upload-Offset"); got != strconv.Itoa(offset) {
					t.Fatalf("in pieces of %d, the offset at another server is %s, want %d", piece, got, offset)
				}
			}
			for _, instance := range instances {
				mustHave(t, instance, "a", data)
			}
			tus(t, http.MethodDelete, urls[1]+path, nil, http.StatusNoContent)
			tus(t, http.MethodHead, urls[2]+path, nil, http.StatusNotFound)
		}
	})
}
