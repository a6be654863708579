package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// TestHTTPQueryOfChange checks that a "?" that a client has not escaped does not make it change the
// file whose path ends there.
func TestHTTPQueryOfChange(t *testing.T) {
	w := serveHTTP(t, &mem.Store{}, server.Config{})
	w.do(http.MethodPut, "a", strings.NewReader("of a")).want(t, "PUT", http.StatusCreated)
	for _, method := range []string{http.MethodPut, http.MethodDelete, "MOVE"} {
		for _, target := range []string{"/files/a?b", "/files/a?", "/files/a?b=c"} {
			got := w.raw(method, target, "Destination", "/files/c")
			if got.status != http.StatusBadRequest || !strings.Contains(got.body, "%3F") {
				t.Errorf("%s %s: %d, %s", method, target, got.status, got.body)
			}
		}
	}
	if got := w.do(http.MethodGet, "a", nil).want(t, "GET", http.StatusOK); got.body != "of a" {
		t.Errorf("the file has %q", got.body)
	}
	if got := w.listed(t, ""); len(got) != 1 {
		t.Errorf("there are %q", got)
	}
}

// TestHTTPNamedFields checks that an error names what the client has sent, and not what other protocols call it.
func TestHTTPNamedFields(t *testing.T) {
	s := newLinkSite(t, newMem(), server.Config{})
	s.stored("d/f", "x")
	link := s.share("ann", `{"path":"d/"}`)
	wants := func(what string, got response, text string) {
		t.Helper()
		if got.want(t, what, http.StatusBadRequest); !strings.Contains(got.body, text) {
			t.Errorf("%s: %s", what, got.body)
		}
	}
	wants("a list", s.at("ann", http.MethodGet, "/files/?start-after=%ff", nil), "invalid start-after: ")
	wants("the list of a link", s.at("", http.MethodGet, link.URL+"?start-after=%ff", nil), "invalid start-after: ")
	wants("the page of a link", s.at("", http.MethodGet, link.URL+"?start-after=%ff", nil, "Accept", "text/html"), "invalid start-after: ")
	for _, modified := range []string{"9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00Z"} {
		got := s.at("ann", http.MethodPost, "/uploads/", nil, "Tus-Resumable", "1.0.0", "Upload-Length", "0",
			"Upload-Metadata", tusMetadata("path", "g", "modified", modified))
		wants(modified, got, "invalid modified: ")
	}
}
