package server_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// TestHTTPRanges reads ranges.
func TestHTTPRanges(t *testing.T) {
	w := serveHTTP(t, &mem.Store{}, server.Config{})
	const content = "0123456789"
	tag := w.do(http.MethodPut, "f", strings.NewReader(content)).want(t, "PUT", http.StatusCreated).header.Get("ETag")
	w.do(http.MethodPut, "empty", http.NoBody).want(t, "PUT", http.StatusCreated)
	for _, test := range []struct {
		path, spec, ifRange string
		status              int
		body, contentRange  string
	}{
		{"f", "bytes=0-0", "", 206, "0", "bytes 0-0/10"},
		{"f", "bytes=2-4", "", 206, "234", "bytes 2-4/10"},
		{"f", "bytes=2-", "", 206, "23456789", "bytes 2-9/10"},
		{"f", "bytes=2-99", "", 206, "23456789", "bytes 2-9/10"},
		{"f", "bytes=2-99999999999999999999", "", 206, "23456789", "bytes 2-9/10"},
		{"f", "bytes=-3", "", 206, "789", "bytes 7-9/10"},
		{"f", "bytes=-99", "", 206, content, "bytes 0-9/10"},
		{"f", "bytes=0-9", "", 206, content, "bytes 0-9/10"},
		{"f", "bytes=10-", "", 416, "", "bytes */10"},
		{"f", "bytes=99999999999999999999-", "", 416, "", "bytes */10"},
		{"f", "bytes=-0", "", 416, "", "bytes */10"},
		{"empty", "bytes=0-", "", 416, "", "bytes */0"},
		{"empty", "bytes=-1", "", 416, "", "bytes */0"},
		{"f", "bytes=4-2", "", 200, content, ""},
		{"f", "bytes=", "", 200, content, ""},
		{"f", "bytes=-", "", 200, content, ""},
		{"f", "bytes=+1-2", "", 200, content, ""},
		{"f", "bytes=a-b", "", 200, content, ""},
		{"f", "lines=1-2", "", 200, content, ""},
		{"f", "bytes=0-1,4-5", "", 200, content, ""},
		{"f", "bytes=2-4", tag, 206, "234", "bytes 2-4/10"},
		{"f", "bytes=2-4", `"another"`, 200, content, ""},
		{"f", "bytes=2-4", "W/" + tag, 200, content, ""},
		{"f", "bytes=2-4", "Mon, 02 Jan 2006 15:04:05 GMT", 200, content, ""},
	} {
		headers := []string{"Range", test.spec}
		if test.ifRange != "" {
			headers = append(headers, "If-Range", test.ifRange)
		}
		got := w.do(http.MethodGet, test.path, nil, headers...)
		if test.status == 416 {
			got.body = "" // the reason
		}
		if got.status != test.status || got.body != test.body || got.header.Get("Content-Range") != test.contentRange || got.err != nil {
			t.Errorf("%s of %s, If-Range %q: %d, %q, Content-Range %q, %v", test.spec, test.path, test.ifRange, got.status, got.body, got.header.Get("Content-Range"), got.err)
		}
	}
}

// TestHTTPConditions checks the conditions of all methods.
func TestHTTPConditions(t *testing.T) {
	w := serveHTTP(t, &mem.Store{}, server.Config{})
	put := func(headers ...string) response {
		t.Helper()
		return w.do(http.MethodPut, "f", strings.NewReader("x"), headers...)
	}
	put("If-Match", `"none"`).want(t, "If-Match without a file", http.StatusPreconditionFailed)
	first := put("If-None-Match", "*").want(t, "a file that must not exist", http.StatusCreated).header.Get("ETag")
	put("If-None-Match", "*").want(t, "a file that exists", http.StatusPreconditionFailed)
	second := put("If-Match", first).want(t, "the version", http.StatusNoContent).header.Get("ETag")
	put("If-Match", first).want(t, "an old version", http.StatusPreconditionFailed)
	for _, bad := range [][]string{
		{"If-Match", first + ", " + second},
		{"If-Match", "*, " + second},
		{"If-None-Match", "*, " + second},
		{"If-Match", "W/" + second},
		{"If-Match", "none"},
		{"If-Match", `"%"`},
		{"If-Match", ""},
		{"If-None-Match", second},
		{"If-Match", second, "If-None-Match", "*"},
		{"If-Unmodified-Since", "Mon, 02 Jan 2006 15:04:05 GMT"},
	} {
		put(bad...).want(t, strings.Join(bad, ": "), http.StatusBadRequest)
		w.do(http.MethodDelete, "f", nil, bad...).want(t, "DELETE "+strings.Join(bad, ": "), http.StatusBadRequest)
	}
	const past, future = "Mon, 02 Jan 2006 15:04:05 GMT", "Wed, 02 Jan 2999 15:04:05 GMT"
	for _, test := range []struct {
		name, value string
		status      int
	}{
		{"If-Match", second, 200},
		{"If-Match", "*", 200},
		{"If-Match", first + ", " + second, 200},
		{"If-Match", first, 412},
		{"If-Match", "W/" + second, 412},
		{"If-None-Match", second, 304},
		{"If-None-Match", "*", 304},
		{"If-None-Match", "W/" + second, 304},
		{"If-None-Match", first, 200},
		{"If-Modified-Since", past, 200},
		{"If-Modified-Since", future, 304},
		{"If-Modified-Since", "soon", 200},
		{"If-Unmodified-Since", past, 412},
		{"If-Unmodified-Since", future, 200},
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			got := w.do(method, "f", nil, test.name, test.value).want(t, method+" "+test.name+": "+test.value, test.status)
			if test.status != 412 && got.header.Get("ETag") != second {
				t.Errorf("%s %s: ETag %s", method, test.name, got.header.Get("ETag"))
			}
		}
	}
	w.do(http.MethodDelete, "f", nil, "If-Match", first).want(t, "DELETE of an old version", http.StatusPreconditionFailed)
	w.do(http.MethodDelete, "f", nil, "If-None-Match", "*").want(t, "DELETE of no file", http.StatusBadRequest)
	w.do(http.MethodDelete, "f", nil, "If-Match", second).want(t, "DELETE", http.StatusNoContent)
}

// TestHTTPAnyVersion checks If-Match: * of PUT and DELETE, for bodies of all kinds.
func TestHTTPAnyVersion(t *testing.T) {
	store := &mem.Store{}
	w := serveHTTP(t, store, server.Config{})
	for _, size := range []int{0, 1, tranship.MaxPutBytes + 1} {
		for _, known := range []bool{true, false} {
			put := func(content byte) response {
				body := io.Reader(bytes.NewReader(bytes.Repeat([]byte{content}, size)))
				if !known {
					body = io.MultiReader(body) // chunked
				}
				return w.do(http.MethodPut, "d/f", body, "If-Match", "*")
			}
			put('a').want(t, "PUT without a file", http.StatusPreconditionFailed)
			if _, err := store.Stat(t.Context(), "d/f"); !errors.Is(err, tranship.ErrNotFound) {
				t.Errorf("%d bytes: a file was stored: %v", size, err)
			}
			w.do(http.MethodDelete, "d/f", nil, "If-Match", "*").want(t, "DELETE without a file", http.StatusPreconditionFailed)
			first := w.do(http.MethodPut, "d/f", strings.NewReader("first")).want(t, "PUT", http.StatusCreated).header.Get("ETag")
			second := put('b').want(t, "PUT of a file", http.StatusNoContent).header.Get("ETag")
			if second == "" || second == first {
				t.Errorf("the ETag %s became %s", first, second)
			}
			if got := w.do(http.MethodGet, "d/f", nil).want(t, "GET", http.StatusOK); got.body != strings.Repeat("b", size) {
				t.Errorf("the file has %d bytes, want %d", len(got.body), size)
			}
			w.do(http.MethodPut, "d", http.NoBody, "If-Match", "*").want(t, "PUT of a directory", http.StatusPreconditionFailed)
			w.do(http.MethodDelete, "d/f", nil, "If-Match", "*").want(t, "DELETE", http.StatusNoContent)
		}
	}
	for upload, err := range store.ListUploads(t.Context(), "") {
		t.Errorf("the upload %+v remains, %v", upload, err)
	}
}

// TestHTTPAnyVersionReplaced checks that If-Match: * of PUT does not replace a file that another
// client has stored while the body came.
func TestHTTPAnyVersionReplaced(t *testing.T) {
	store := &mem.Store{}
	w := serveHTTP(t, store, server.Config{})
	put := func(content string) {
		if _, err := store.Put(t.Context(), tranship.Spec{Path: "f"}, []byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	put("first")
	reader, writer := io.Pipe()
	go func() {
		_, _ = writer.Write([]byte("own"))
		for len(w.service.Running().Transfers()) == 0 {
			runtime.Gosched() // the condition was looked at before
		}
		put("other")
		writer.Close()
	}()
	w.do(http.MethodPut, "f", reader, "If-Match", "*").want(t, "PUT", http.StatusPreconditionFailed)
	if got := w.do(http.MethodGet, "f", nil); got.body != "other" {
		t.Errorf("the file has %q", got.body)
	}
}
