package server_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// trailing is a body that sets the trailer of its request at its end.
type trailing struct {
	io.Reader
	end func()
}

func (b *trailing) Read(buffer []byte) (int, error) {
	n, err := b.Reader.Read(buffer)
	if err == io.EOF {
		b.end()
	}
	return n, err
}

// trailTus sends a piece that names the trailer Upload-Checksum, which has the given values.
func (w *web) trailTus(url string, offset int, piece string, values []string, headers ...string) response {
	w.t.Helper()
	request, err := http.NewRequestWithContext(testContext(w.t), http.MethodPatch, "http://"+w.address+url, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Tus-Resumable", "1.0.0")
	request.Header.Set("Content-Type", "application/offset+octet-stream")
	request.Header.Set("Upload-Offset", strconv.Itoa(offset))
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	request.Trailer, request.ContentLength = http.Header{"Upload-Checksum": nil}, -1
	request.Body = io.NopCloser(&trailing{strings.NewReader(piece), func() { request.Trailer["Upload-Checksum"] = values }})
	got, err := w.client.Do(request)
	if err != nil {
		w.t.Fatalf("PATCH %s: %v", url, err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	return response{got.StatusCode, got.Header, string(text), err}
}

// TestTusChecksumTrailer sends checksums after their pieces. Nothing of a piece without its checksum
// is kept.
func TestTusChecksumTrailer(t *testing.T) {
	for name, store := range tusStores(t) {
		t.Run(name, func(t *testing.T) {
			w := serveHTTP(t, store.Store, server.Config{})
			content := string(filetest.Random(2*store.part + 77))
			sums := func(piece string) []string {
				sum := sha256.Sum256([]byte(piece))
				return []string{"sha256 " + base64.StdEncoding.EncodeToString(sum[:])}
			}
			url := w.createTus(int64(len(content)), "path", "a")
			first, rest := content[:store.part/2], content[store.part/2:]
			for _, bad := range []struct {
				values []string
				status int
			}{
				{sums("another piece"), 460},
				{nil, http.StatusBadRequest},
				{[]string{"md4 AAAA"}, http.StatusBadRequest},
				{append(sums(first), sums(first)...), http.StatusBadRequest},
			} {
				w.trailTus(url, 0, first, bad.values).want(t, "a bad trailer", bad.status)
				if got := w.offsetTus(url); got != 0 {
					t.Fatalf("the offset is %d after %q", got, bad.values)
				}
			}
			w.trailTus(url, 0, first, sums(first), "Upload-Checksum", sums(first)[0]).want(t, "a header and a trailer", http.StatusBadRequest)
			w.trailTus(url, 0, first, sums(first)).want(t, "the first piece", http.StatusNoContent)
			w.trailTus(url, len(first), rest, sums(first)).want(t, "a wrong piece", 460)
			if got := w.offsetTus(url); got != int64(len(first)) {
				t.Fatalf("the offset is %d, want %d", got, len(first))
			}
			w.trailTus(url, len(first), rest, sums(rest)).want(t, "the last piece", http.StatusNoContent)
			if got := w.do(http.MethodGet, "a", nil).want(t, "GET", http.StatusOK); got.body != content {
				t.Errorf("%d bytes came back, or others", len(got.body))
			}
		})
	}
}

// TestTusCheckedTrailerTooLong checks that a piece whose checksum follows it is not held at any length.
func TestTusCheckedTrailerTooLong(t *testing.T) {
	w := serveHTTP(t, &mem.Store{}, server.Config{})
	const most = 8 << 20
	url := w.createTus(2*most, "path", "a")
	got := w.trailTus(url, 0, strings.Repeat("\x00", most+1), nil).want(t, "a long piece", http.StatusRequestEntityTooLarge)
	about := w.tus(http.MethodOptions, "/uploads/", nil).want(t, "OPTIONS", http.StatusNoContent)
	for _, header := range []http.Header{got.header, about.header} {
		if header.Get("Tranship-Max-Checked-Piece") != strconv.Itoa(most) {
			t.Errorf("%v does not tell how long a piece with a checksum may be", header)
		}
	}
	if got := w.offsetTus(url); got != 0 {
		t.Errorf("the offset is %d", got)
	}
}

// TestTusOneHeader refuses headers that a program on the way could take for another value.
func TestTusOneHeader(t *testing.T) {
	store := &mem.Store{}
	w := serveHTTP(t, store, server.Config{})
	url := w.createTus(3, "path", "a")
	send := func(method, url string, headers http.Header) response {
		t.Helper()
		request, err := http.NewRequestWithContext(testContext(t), method, "http://"+w.address+url, strings.NewReader("abc"))
		if err != nil {
			t.Fatal(err)
		}
		request.Header = http.Header{
			"Tus-Resumable": {"1.0.0"}, "Upload-Offset": {"0"}, "Content-Type": {"application/offset+octet-stream"},
			"Upload-Metadata": {tusMetadata("path", "b")},
		}
		if method == http.MethodPost {
			request.Header.Set("Upload-Length", "3")
		}
		for name, values := range headers {
			request.Header[name] = values
		}
		got, err := w.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer got.Body.Close()
		text, err := io.ReadAll(got.Body)
		return response{got.StatusCode, got.Header, string(text), err}
	}
	for _, test := range []struct {
		method  string
		headers http.Header
		status  int
	}{
		{http.MethodPatch, http.Header{"Upload-Offset": {"0", "1"}}, http.StatusBadRequest},
		{http.MethodPatch, http.Header{"Content-Type": {"application/offset+octet-stream", "text/plain"}}, http.StatusBadRequest},
		{http.MethodPatch, http.Header{"Upload-Checksum": {"sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "sha1 AAAA"}}, http.StatusBadRequest},
		{http.MethodPost, http.Header{"Upload-Length": {"3", "4"}}, http.StatusBadRequest},
		{http.MethodPost, http.Header{"Upload-Metadata": {tusMetadata("path", "b"), tusMetadata("path", "c")}}, http.StatusBadRequest},
		{http.MethodPost, http.Header{"X-Http-Method-Override": {"PATCH", "DELETE"}}, http.StatusBadRequest},
		// The file would be the encoded bytes.
		{http.MethodPatch, http.Header{"Content-Encoding": {"gzip"}}, http.StatusUnsupportedMediaType},
		{http.MethodPost, http.Header{"Content-Encoding": {"gzip"}}, http.StatusUnsupportedMediaType},
		// The length of an upload stays as it is.
		{http.MethodPatch, http.Header{"Upload-Length": {"4"}}, http.StatusBadRequest},
		{http.MethodPatch, http.Header{"Upload-Length": {"three"}}, http.StatusBadRequest},
	} {
		to := url
		if test.method == http.MethodPost {
			to = "/uploads/"
		}
		send(test.method, to, test.headers).want(t, fmt.Sprint(test.headers), test.status)
	}
	uploads := 0
	for info, err := range store.ListUploads(t.Context(), "") {
		if uploads++; err != nil || info.Path != "a" || info.DurableBytes != 0 {
			t.Errorf("%+v, %v", info, err)
		}
	}
	if uploads != 1 {
		t.Errorf("there are %d uploads, want 1", uploads)
	}
	send(http.MethodPatch, url, http.Header{"Upload-Length": {"3"}, "Content-Encoding": {"identity"}}).want(t, "PATCH", http.StatusNoContent)
	if got := w.do(http.MethodGet, "a", nil).want(t, "GET", http.StatusOK); got.body != "abc" {
		t.Errorf("%q", got.body)
	}
}
