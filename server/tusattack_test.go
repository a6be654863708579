package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// TestTusLongMetadata refuses metadata that the state of the store has no room for, before an upload
// begins.
func TestTusLongMetadata(t *testing.T) {
	for name, store := range tusStores(t) {
		t.Run(name, func(t *testing.T) {
			w := serveHTTP(t, store.Store, server.Config{})
			for _, key := range []string{"Left-Out", "kept"} {
				metadata := tusMetadata("path", "a", key, strings.Repeat("x", 12<<10))
				got := w.tus(http.MethodPost, "/uploads/", nil, "Upload-Length", "3", "Upload-Metadata", metadata).
					want(t, key, http.StatusRequestHeaderFieldsTooLarge)
				if !strings.Contains(got.body, "Upload-Metadata") {
					t.Errorf("the error is %q", got.body)
				}
			}
			noUploads(t, store.Store, true)
		})
	}
}

// TestTusEndedInPiece removes an upload in the middle of a piece.
func TestTusEndedInPiece(t *testing.T) {
	for name, store := range tusStores(t) {
		t.Run(name, func(t *testing.T) {
			w := serveHTTP(t, store.Store, server.Config{})
			content := string(filetest.Random(store.part + 100))
			for how, end := range map[string]struct {
				do     func(url string)
				status int // of the next request
			}{
				"with DELETE": {func(url string) { w.tus(http.MethodDelete, url, nil).want(t, "DELETE", http.StatusNoContent) }, http.StatusNotFound},
				"in the store": {func(string) {
					for info, err := range store.ListUploads(t.Context(), "") {
						if err != nil {
							t.Fatal(err)
						}
						if err := store.AbortUpload(t.Context(), info.ID); err != nil {
							t.Fatal(err)
						}
					}
				}, http.StatusGone},
			} {
				url := w.createTus(int64(len(content)), "path", "a")
				conn := w.rawPatch(url, 0, int64(len(content)), content[:50])
				w.awaitMoved(t, 50)
				end.do(url)
				_, _ = io.WriteString(conn, content[50:]) // the server may have ended the connection
				reply, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil || reply.StatusCode != http.StatusConflict || reply.Header.Get("Tranship-Error") != "aborted" {
					t.Errorf("%s: %+v, %v", how, reply, err)
				} else {
					_ = reply.Body.Close()
				}
				w.tus(http.MethodHead, url, nil).want(t, how, end.status)
				w.tus(http.MethodHead, url, nil).want(t, "HEAD", http.StatusNotFound)
				w.do(http.MethodGet, "a", nil).want(t, "GET", http.StatusNotFound)
				noUploads(t, store.Store, true)
			}
		})
	}
}

// TestTusSameOffset sends many pieces at once that begin at the same byte. The file has the bytes of one.
func TestTusSameOffset(t *testing.T) {
	for name, store := range tusStores(t) {
		t.Run(name, func(t *testing.T) {
			w := serveHTTP(t, store.Store, server.Config{})
			const pieces = 8
			size := store.part + store.part/2
			url := w.createTus(int64(size), "path", "a")
			var group sync.WaitGroup
			answers := make([]response, pieces)
			for i := range pieces {
				group.Go(func() {
					piece := strings.Repeat(string(rune('a'+i)), size)
					answers[i] = w.tus(http.MethodPatch, url, strings.NewReader(piece), "Upload-Offset", "0")
				})
			}
			group.Wait()
			won := 0
			for i, got := range answers {
				switch got.status {
				case http.StatusNoContent:
					won++
				case http.StatusConflict:
				default:
					t.Errorf("piece %d: %+v", i, got)
				}
			}
			if won > 1 {
				t.Errorf("%d pieces were the whole file", won)
			}
			offset := w.offsetTus(url)
			if offset < int64(size) {
				w.patchTus(url, offset, strings.Repeat("z", size-int(offset)))
			}
			got := w.do(http.MethodGet, "a", nil).want(t, "GET", http.StatusOK)
			if kinds := strings.TrimLeft(got.body, got.body[:1]); len(got.body) != size || strings.Trim(kinds, "z") != "" {
				t.Errorf("the file has %d bytes of several pieces", len(got.body))
			}
		})
	}
}

// TestTusExpectContinue refuses pieces before their bytes come.
func TestTusExpectContinue(t *testing.T) {
	w := serveHTTP(t, &mem.Store{}, server.Config{})
	url := w.createTus(10, "path", "a")
	for _, test := range []struct {
		name, url, headers string
		status             int
	}{
		{"another offset", url, "Upload-Offset: 1\r\nContent-Length: 9\r\n", http.StatusConflict},
		{"too long", url, "Upload-Offset: 0\r\nContent-Length: 11\r\n", http.StatusRequestEntityTooLarge},
		{"no upload", "/uploads/x", "Upload-Offset: 0\r\nContent-Length: 10\r\n", http.StatusNotFound},
		{"a bad checksum", url, "Upload-Offset: 0\r\nContent-Length: 10\r\nUpload-Checksum: sha1 x\r\n", http.StatusBadRequest},
		{"encoded", url, "Upload-Offset: 0\r\nContent-Length: 10\r\nContent-Encoding: gzip\r\n", http.StatusUnsupportedMediaType},
	} {
		conn, err := net.Dial("tcp", w.address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := fmt.Fprintf(conn, "PATCH %s HTTP/1.1\r\nHost: a\r\nTus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\n"+
			"Expect: 100-continue\r\n%s\r\n", test.url, test.headers); err != nil {
			t.Fatal(err)
		}
		reply, err := http.ReadResponse(bufio.NewReader(conn), nil) // which would be 100 Continue
		if err != nil || reply.StatusCode != test.status {
			t.Errorf("%s: %+v, %v; want the status %d", test.name, reply, err, test.status)
			continue
		}
		_ = reply.Body.Close()
	}
	if got := w.offsetTus(url); got != 0 {
		t.Errorf("the offset is %d", got)
	}
}

// TestTusBadFirstPiece refuses uploads whose header shows that their first piece is wrong. No upload begins.
func TestTusBadFirstPiece(t *testing.T) {
	store := &mem.Store{}
	w := serveHTTP(t, store, server.Config{})
	for _, test := range []struct {
		length, checksum string
		status           int
	}{
		{"2", "", http.StatusRequestEntityTooLarge},
		{"0", "", http.StatusRequestEntityTooLarge},
		{"3", "md5 kAFQmDzST7DWlj99KOF/cg==", http.StatusBadRequest},
		{"3", "sha1 AAAA", http.StatusBadRequest},
	} {
		headers := []string{"Upload-Length", test.length, "Upload-Metadata", tusMetadata("path", "a"), "Content-Type", "application/offset+octet-stream"}
		if test.checksum != "" {
			headers = append(headers, "Upload-Checksum", test.checksum)
		}
		w.tus(http.MethodPost, "/uploads/", strings.NewReader("abc"), headers...).want(t, fmt.Sprint(test), test.status)
	}
	for _, length := range []string{"2", "4"} { // the first is too short, and the other would not be the end
		got, url := w.draft("6", http.MethodPost, "/uploads/", strings.NewReader("abc"), "Upload-Length", length,
			"Upload-Complete", "?1", "Content-Disposition", `attachment; filename="a"`)
		if got.status < 400 || url != "" {
			t.Errorf("a draft with the length %s: %+v, %q", length, got, url)
		}
	}
	noUploads(t, store, true)
}
