package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/access/policy"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// TestHTTPMove gives files other paths.
func TestHTTPMove(t *testing.T) {
	w := serveHTTP(t, &mem.Store{}, server.Config{})
	put := func(path string) string {
		return w.do(http.MethodPut, path, strings.NewReader("of "+path)).want(t, "PUT", http.StatusCreated).header.Get("ETag")
	}
	has := func(path, content string) {
		t.Helper()
		if got := w.do(http.MethodGet, path, nil).want(t, "GET "+path, http.StatusOK); got.body != content {
			t.Errorf("%s has %q, want %q", path, got.body, content)
		}
	}
	put("a")
	moved := w.do("MOVE", "a", nil, "Destination", "/files/d/%C3%A4%20100%25").want(t, "MOVE", http.StatusCreated)
	has("d/ä 100%", "of a")
	if head := w.do(http.MethodHead, "d/ä 100%", nil); moved.header.Get("ETag") == "" || head.header.Get("ETag") != moved.header.Get("ETag") {
		t.Errorf("MOVE has the ETag %q, HEAD %q", moved.header.Get("ETag"), head.header.Get("ETag"))
	}
	w.do(http.MethodGet, "a", nil).want(t, "GET of the old path", http.StatusNotFound)

	put("b")
	tag := put("c")
	w.do("MOVE", "b", nil, "Destination", "/files/c", "Overwrite", "F").want(t, "MOVE onto a file", http.StatusPreconditionFailed)
	w.do("MOVE", "b", nil, "Destination", "/files/e", "If-Match", tag).want(t, "MOVE of another version", http.StatusPreconditionFailed)
	w.do("MOVE", "b", nil, "Destination", "/files/c/x").want(t, "MOVE below a file", http.StatusConflict)
	has("b", "of b")
	has("c", "of c")
	w.do("MOVE", "c", nil, "Destination", "http://"+w.address+"/files/b", "Overwrite", "T", "If-Match", tag).want(t, "MOVE that replaces", http.StatusCreated)
	has("b", "of c")
	w.do("MOVE", "none", nil, "Destination", "/files/x").want(t, "MOVE of no file", http.StatusNotFound)
}

// TestHTTPMoveInvalid checks that a bad request moves nothing.
func TestHTTPMoveInvalid(t *testing.T) {
	w := serveHTTP(t, &mem.Store{}, server.Config{})
	w.do(http.MethodPut, "a", strings.NewReader("a")).want(t, "PUT", http.StatusCreated)
	for _, headers := range [][]string{
		{},
		{"Destination", ""},
		{"Destination", "/files/b", "Destination", "/files/c"},
		{"Destination", "/files/b/"},
		{"Destination", "/files/"},
		{"Destination", "/files"},
		{"Destination", "/page/b"},
		{"Destination", "b"},
		{"Destination", "/files/%zz"},
		{"Destination", "/files/%00"},
		{"Destination", "/files/../b"},
		{"Destination", "/files/%2e%2e/b"},
		{"Destination", "/files/.tranship/b"},
		{"Destination", "/files/b?x"},
		{"Destination", "/files/b#x"},
		{"Destination", "/files/b?"},
		{"Destination", "/files/b#"},
		{"Destination", "http://other.example/files/b"},
		{"Destination", "//other.example/files/b"},
		{"Destination", "ftp://" + w.address + "/files/b"},
		{"Destination", "http://user@" + w.address + "/files/b"},
		{"Destination", "/files/b", "Overwrite", "maybe"},
		{"Destination", "/files/b", "If-None-Match", "*"},
		{"Destination", "/files/b", "If-Match", "x"},
	} {
		got := w.do("MOVE", "a", nil, headers...).want(t, strings.Join(headers, " "), http.StatusBadRequest)
		if got.header.Get("Tranship-Error") != "invalid" || got.body == "" {
			t.Errorf("%q: %v, %q", headers, got.header, got.body)
		}
	}
	w.do("MOVE", "d/", nil, "Destination", "/files/b").want(t, "MOVE of a directory", http.StatusMethodNotAllowed)
	if got := w.do(http.MethodGet, "", nil); strings.Count(got.body, "\n") != 1 || !strings.Contains(got.body, `"path":"a"`) {
		t.Errorf("the store has %s", got.body)
	}
}

// TestHTTPMovePolicy checks that a caller moves only what the policy lets it remove and create.
func TestHTTPMovePolicy(t *testing.T) {
	rights, err := policy.Parse("policy", []byte("allow ann read,write,delete,list /\nallow bob read,list /\nallow bob write own\n"))
	if err != nil {
		t.Fatal(err)
	}
	w := serveHTTP(t, &mem.Store{}, server.Config{Authenticators: []authn.Authenticator{names{"ann", "bob"}}, Policy: rights})
	w.token = "ann"
	w.do(http.MethodPut, "a", strings.NewReader("a")).want(t, "PUT", http.StatusCreated)
	w.token = "bob"
	w.do("MOVE", "a", nil, "Destination", "/files/own/a").want(t, "MOVE by bob, who may not delete", http.StatusForbidden)
	w.token = ""
	w.do("MOVE", "a", nil, "Destination", "/files/b").want(t, "MOVE without a token", http.StatusUnauthorized)
	w.token = "ann"
	w.do("MOVE", "a", nil, "Destination", "/files/own/a").want(t, "MOVE by ann", http.StatusCreated)
}
