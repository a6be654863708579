//go:build linux

package attack

import (
	"bufio"
	"fmt"
	"net/http"
	"testing"
)

// httpSession signs in with a token, and returns the value of the cookie.
func (s *site) httpSession(t testing.TB, address, token string) string {
	t.Helper()
	conn := s.httpConn(t, address)
	defer conn.Close()
	body := fmt.Sprintf("{%q:%q}", "token", token)
	_, _ = fmt.Fprintf(conn, "POST /session HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	for _, cookie := range response.Cookies() {
		if cookie.Name == "tranship" && cookie.Value != "" {
			return cookie.Value
		}
	}
	t.Fatalf("signing in: %s, with no cookie", response.Status)
	return ""
}
