//go:build linux

package attack

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestSlowReadersOverHTTP has 1,000 connections from four addresses that request a large file and
// read nothing. Others are served at once, and the server stays within its memory limit.
func TestSlowReadersOverHTTP(t *testing.T) {
	const (
		readers     = 1000
		addresses   = 4
		memoryLimit = 128 << 20
		// connectionBytes is what a connection takes beside the limit.
		connectionBytes = 32 << 10
	)
	s := prepareSite(t)
	large := filepath.Join(s.root, "large")
	if err := os.WriteFile(large, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, 1<<30); err != nil {
		t.Fatal(err)
	}
	s.start(t, overHTTP("--memory-limit", fmt.Sprint(memoryLimit))...)
	begun, _ := s.resident(t)
	address := s.httpAddress(t)
	for n := range readers {
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(10+n%addresses))}}
		conn, err := dialer.DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "GET /files/large HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	s.serves(t)
	if status, body := s.httpRequestFrom(t, address, "127.0.0.1", httpText("GET", "file")); status != http.StatusOK {
		t.Errorf("a harmless client of HTTP: %d, %s", status, body)
	}
	s.bounded(t, begun, memoryLimit+readers*connectionBytes)
	s.unchanged(t)
}
