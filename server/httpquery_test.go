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
