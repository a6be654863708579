package server_test

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"

	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/internal/testing/testcert"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// TestHTTPSessionTLS checks that the cookie is for TLS and one host where browsers use TLS: on the
// server's own listener, and behind a proxy. The cookie without the prefix, which another site of the
// domain can set, is no session there.
func TestHTTPSessionTLS(t *testing.T) {
	pair, err := testcert.SelfSigned(testcert.Spec{Hosts: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	known := []authn.Authenticator{&tokens{names: map[string]string{"secret": "ann"}}}
	for name, config := range map[string]server.Config{
		"TLS":            {Authenticators: known, TLS: &tls.Config{Certificates: []tls.Certificate{pair.TLS()}}},
		"behind a proxy": {Authenticators: known, HTTPURL: "https://files.example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			w := serveHTTP(t, &mem.Store{}, config)
			scheme := "http://"
			if config.TLS != nil {
				scheme = "https://"
				w.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
			}
			do := func(method, path, body string, cookie *http.Cookie) *http.Response {
				t.Helper()
				request, err := http.NewRequestWithContext(testContext(t), method, scheme+w.address+path, strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				request.Header.Set("Content-Type", "application/json")
				request.Header.Set("Origin", "https://files.example.com")
				if config.TLS != nil {
					request.Header.Set("Origin", scheme+w.address)
				}
				if cookie != nil {
					request.AddCookie(cookie)
				}
				response, err := w.client.Do(request)
				if err != nil {
					t.Fatal(err)
				}
				response.Body.Close()
				return response
			}
			response := do(http.MethodPost, "/session", `{"token":"secret"}`, nil)
			if response.StatusCode != http.StatusNoContent || len(response.Cookies()) != 1 {
				t.Fatalf("%+v", response)
			}
			cookie := response.Cookies()[0]
			if cookie.Name != "__Host-tranship" || !cookie.Secure || !cookie.HttpOnly || cookie.Path != "/" || cookie.Domain != "" || cookie.SameSite != http.SameSiteLaxMode {
				t.Errorf("%+v", cookie)
			}
			if response := do(http.MethodPut, "/files/f", "x", cookie); response.StatusCode != http.StatusCreated {
				t.Errorf("PUT with the session: %s", response.Status)
			}
			plain := &http.Cookie{Name: "tranship", Value: cookie.Value}
			if response := do(http.MethodPut, "/files/f", "x", plain); response.StatusCode != http.StatusUnauthorized {
				t.Errorf("PUT with a cookie without the prefix: %s", response.Status)
			}
		})
	}
}
