//go:build linux

package attack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/filetest"
)

// TestUploadsOverHTTP has 1,000 clients that upload at once over HTTP. One in ten stops in the
// middle of its body until all others have uploaded. A client that the server has no room for tries
// again. All succeed, and the server stays within its memory limit.
func TestUploadsOverHTTP(t *testing.T) {
	const (
		clients     = 1000
		slow        = clients / 10
		addresses   = 4
		memoryLimit = 128 << 20
		// connectionBytes is what a connection takes beside the limit.
		connectionBytes = 32 << 10
	)
	s := newSite(t, overHTTP("--memory-limit", fmt.Sprint(memoryLimit))...)
	begun, _ := s.resident(t)
	address := s.httpAddress(t)
	content := filetest.Random(tranship.MaxPutBytes + 100_000)
	var others sync.WaitGroup // those that are not slow
	var refused, lost atomic.Int64
	upload := func(n int, client *http.Client) error {
		for {
			body := io.Reader(bytes.NewReader(content))
			if n < slow {
				body = io.MultiReader(bytes.NewReader(content[:len(content)/2]), waitReader{&others}, bytes.NewReader(content[len(content)/2:]))
			}
			url := fmt.Sprintf("http://%s/files/new/%d", address, n)
			response, err := exchange(t.Context(), client, http.MethodPut, url, body, int64(len(content)))
			switch {
			case isConnectionLost(err):
				// On a busy machine a client may need longer for its header than the server waits, or for
				// its body than a server that has refused it.
				if lost.Add(1) > clients/20 {
					return err
				}
				continue
			case err != nil:
				return err
			case response.StatusCode == http.StatusCreated:
				return nil
			case response.Header.Get("Retry-After") == "":
				return errors.New(response.Status)
			}
			refused.Add(1)
			<-time.After(time.Second)
		}
	}
	others.Add(clients - slow)
	var all sync.WaitGroup
	for n := range clients {
		all.Go(func() {
			dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(10+n%addresses))}}
			transport := &http.Transport{DialContext: dialer.DialContext}
			defer transport.CloseIdleConnections()
			if n >= slow {
				defer others.Done()
			}
			if err := upload(n, &http.Client{Transport: transport}); err != nil {
				t.Errorf("client %d: %v", n, err)
			}
		})
	}
	all.Wait()
	t.Logf("%d requests were refused and %d lost, and made again", refused.Load(), lost.Load())
	s.serves(t)
	s.bounded(t, begun, memoryLimit+clients*connectionBytes)
	for n := range clients {
		name := filepath.Join(s.root, "new", strconv.Itoa(n))
		if stored, err := os.ReadFile(name); err != nil || !bytes.Equal(stored, content) {
			t.Errorf("file %d has %d bytes, or others, %v", n, len(stored), err)
		}
	}
	if err := os.RemoveAll(filepath.Join(s.root, "new")); err != nil {
		t.Fatal(err)
	}
	s.unchanged(t)
}

// isConnectionLost reports whether a request of a client of net/http failed because the connection ended.
func isConnectionLost(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, net.ErrClosed)
}

// waitReader has no bytes, and ends when all are done.
type waitReader struct{ all *sync.WaitGroup }

func (w waitReader) Read([]byte) (int, error) {
	w.all.Wait()
	return 0, io.EOF
}

// exchange makes a request, and reads the response to its end.
func exchange(ctx context.Context, client *http.Client, method, url string, body io.Reader, size int64) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return nil, err
	}
	request.ContentLength = size
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response, err
}
