package httpadmission_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/internal/httpadmission"
)

// TestRouter checks which part gets a request, and that a path of no part passes the Door and is
// answered with status 404.
func TestRouter(t *testing.T) {
	adapter := httpadmission.New(admission.New(admission.Options{Anonymous: true}), httpadmission.Options{})
	part := func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Part", name) })
	}
	router := adapter.Router("/http/Other", map[string]http.Handler{"": part("page"), "files": part("files"), "s": part("links")})
	tests := []struct{ path, part string }{
		{"/", "page"},
		{"/files", "files"},
		{"/files/", "files"},
		{"/files/a/b", "files"},
		{"/files//a", "files"},
		{"/files/%2e%2e/s/x", "files"},
		{"/s/x", "links"},
		{"/s", "links"},
		{"/session", ""},
		{"/Files/a", ""},
		{"/filesystem", ""},
		{"/%66iles/a", ""},
		{"/files%2Fa", ""},
		{"//", ""},
		{"//files/a", ""},
		{"/./files/a", ""},
		{"*", ""},
	}
	for _, test := range tests {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		unescaped, err := url.PathUnescape(test.path)
		if err != nil {
			t.Fatal(err)
		}
		request.URL = &url.URL{Path: unescaped, RawPath: test.path}
		response := httptest.NewRecorder()
		router.ServeHTTP(response, request)
		if got := response.Header().Get("Part"); got != test.part {
			t.Errorf("%s went to %q, want %q", test.path, got, test.part)
		}
		if test.part == "" && (response.Code != http.StatusNotFound || response.Header().Get(httpadmission.ErrorHeader) != "not_found") {
			t.Errorf("%s has status %d, %v", test.path, response.Code, response.Header())
		}
	}
}

// TestRouterWithoutPath checks that a request without a path is told what the server has not.
func TestRouterWithoutPath(t *testing.T) {
	adapter := httpadmission.New(admission.New(admission.Options{Anonymous: true}), httpadmission.Options{})
	request := httptest.NewRequestWithContext(t.Context(), http.MethodConnect, "example.com:80", nil)
	response := httptest.NewRecorder()
	adapter.Router("/http/Other", nil).ServeHTTP(response, request)
	if got := response.Body.String(); response.Code != http.StatusNotFound || !strings.Contains(got, "example.com:80") {
		t.Errorf("%d, %s", response.Code, got)
	}
}

// TestAccess checks which requests need credentials.
func TestAccess(t *testing.T) {
	adapter := httpadmission.New(admission.New(admission.Options{}), httpadmission.Options{})
	tests := []struct {
		request httpadmission.Request
		token   string
		status  int
	}{
		{httpadmission.Request{}, "", http.StatusUnauthorized},
		{httpadmission.Request{Open: true}, "", http.StatusOK},
		{httpadmission.Request{Open: true}, "Bearer bad", http.StatusUnauthorized},
		{httpadmission.Request{Public: true}, "", http.StatusOK},
		{httpadmission.Request{Public: true}, "Bearer bad", http.StatusOK},
	}
	for _, test := range tests {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		if test.token != "" {
			request.Header.Set("Authorization", test.token)
		}
		test.request.Method = "/http/Get"
		response := httptest.NewRecorder()
		adapter.Serve(response, request, test.request, func(e *httpadmission.Exchange) error { return e.WriteHeader(http.StatusOK) })
		if response.Code != test.status {
			t.Errorf("%+v with %q has status %d, want %d", test.request, test.token, response.Code, test.status)
		}
	}
}
