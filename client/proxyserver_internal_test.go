package client

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// proxy is an HTTP or SOCKS5 proxy that connects everything to one server.
type proxy struct {
	net.Listener
	server string
	// answer, when not "", is what an HTTP proxy answers instead of connecting.
	answer string

	mu sync.Mutex
	// asked are the addresses, and the credentials of each request.
	asked []string
}

func newProxy(t *testing.T, server, answer string, serve func(*proxy, net.Conn)) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{Listener: listener, server: server, answer: answer}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			stop := t.Context().Done()
			conns.Go(func() {
				<-stop
				_ = conn.Close()
			})
			conns.Go(func() {
				defer conn.Close()
				serve(p, conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		conns.Wait()
	})
	return p
}

func (p *proxy) note(asked string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, asked)
}

// requests returns the requests since the last call.
func (p *proxy) requests() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	asked := strings.Join(p.asked, ", ")
	p.asked = nil
	return asked
}

// pipe connects the client to the server.
func (p *proxy) pipe(conn net.Conn, read io.Reader) {
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(server, read)
		_ = server.Close()
	}()
	_, _ = io.Copy(conn, server)
}

func serveHTTPProxy(p *proxy, conn net.Conn) {
	reader := bufio.NewReader(conn)
	request, err := http.ReadRequest(reader)
	if err != nil {
		return
	}
	user, password, _ := (&http.Request{Header: http.Header{"Authorization": request.Header["Proxy-Authorization"]}}).BasicAuth()
	p.note(request.Method + " " + request.Host + " " + user + ":" + password)
	if p.answer != "" {
		_, _ = io.WriteString(conn, p.answer)
		if !strings.Contains(p.answer, "Connection: close") {
			_, _ = io.Copy(io.Discard, reader) // the body of the answer does not end
		}
		return
	}
	_, _ = io.WriteString(conn, "HTTP/1.1 200 Connection established\r\nContent-Length: 5\r\n\r\n")
	p.pipe(conn, reader)
}

// serveSOCKS is a SOCKS5 proxy, of names only. RFC 1928 and RFC 1929.
func serveSOCKS(p *proxy, conn net.Conn) {
	read := func(n byte) []byte {
		buffer := make([]byte, n)
		_, _ = io.ReadFull(conn, buffer)
		return buffer
	}
	user := ""
	if methods := read(read(2)[1]); strings.Contains(string(methods), "\x02") {
		_, _ = conn.Write([]byte{5, 2})
		user = string(read(read(2)[1]))
		user += ":" + string(read(read(1)[0]))
		_, _ = conn.Write([]byte{1, 0})
	} else {
		_, _ = conn.Write([]byte{5, 0})
	}
	name := read(read(5)[4])
	_ = read(2)
	p.note("SOCKS " + string(name) + " " + user)
	_, _ = conn.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	p.pipe(conn, conn)
}
