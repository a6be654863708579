package route

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/proxy"
)

// tunnel asks the proxy at the other end of conn to connect to address. It closes conn if
// that fails.
func (p *Proxy) tunnel(ctx context.Context, conn net.Conn, address string) (tunneled net.Conn, err error) {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer func() {
		if !stop() && err == nil {
			err = ctx.Err()
		}
		if err != nil {
			_ = conn.Close()
			tunneled = nil
			if ctx.Err() != nil {
				err = ctx.Err()
			}
		}
	}()
	switch p.scheme {
	case "socks5", "socks5h":
		return p.socks(ctx, conn, address)
	case "https":
		secured := tls.Client(conn, &tls.Config{ServerName: WithoutZone(p.host), MinVersion: tls.VersionTLS12})
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		return p.httpConnect(secured, address)
	}
	return p.httpConnect(conn, address)
}

func (p *Proxy) socks(ctx context.Context, conn net.Conn, address string) (net.Conn, error) {
	var auth *proxy.Auth
	if p.user != nil {
		password, _ := p.user.Password()
		auth = &proxy.Auth{User: p.user.Username(), Password: password}
	}
	dialer, err := proxy.SOCKS5("tcp", net.JoinHostPort(p.host, p.port), auth, connected{conn})
	if err != nil {
		return nil, err
	}
	contextual, ok := dialer.(proxy.ContextDialer)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	if _, err := contextual.DialContext(ctx, "tcp", address); err != nil {
		return nil, err
	}
	return conn, nil
}

// connected is a dialer that returns a connection which was made before.
type connected struct{ conn net.Conn }

// Dial implements proxy.Dialer.
func (c connected) Dial(string, string) (net.Conn, error) { return c.conn, nil }

// DialContext implements proxy.ContextDialer.
func (c connected) DialContext(context.Context, string, string) (net.Conn, error) { return c.conn, nil }

// statusError is the refusal of an HTTP proxy. It has no text of the proxy, which may be long
// and have control characters.
type statusError struct {
	code int
	// isHTTPS means that the connection was to the port of HTTPS.
	isHTTPS bool
}

func (e *statusError) Error() string {
	text := strings.TrimSpace(fmt.Sprintf("it refused to connect: %03d %s", e.code, http.StatusText(e.code)))
	switch e.code {
	case http.StatusProxyAuthRequired:
		text += "; it wants other credentials in its URL, http://user:password@host:port"
	case http.StatusForbidden, http.StatusMethodNotAllowed:
		if !e.isHTTPS {
			text += "; it may allow connections to port 443 only"
		}
	}
	return text
}

// maxResponse is how many bytes of a proxy's response are read.
const maxResponse = 64 << 10

// httpConnect makes a CONNECT request. RFC 9110, section 9.3.6.
func (p *Proxy) httpConnect(conn net.Conn, address string) (net.Conn, error) {
	request := &http.Request{Method: http.MethodConnect, URL: &url.URL{Host: address}, Host: address, Header: http.Header{"User-Agent": {"tranship"}}}
	if p.user != nil {
		password, _ := p.user.Password()
		credentials := base64.StdEncoding.EncodeToString([]byte(p.user.Username() + ":" + password))
		request.Header.Set("Proxy-Authorization", "Basic "+credentials)
	}
	if err := request.Write(conn); err != nil {
		return nil, err
	}
	limited := &limitedConn{Conn: conn, left: maxResponse}
	reader := bufio.NewReader(limited)
	response, err := http.ReadResponse(reader, request)
	switch {
	case err != nil && limited.left == 0:
		return nil, errors.New("the headers of its answer to CONNECT are too large")
	case err != nil:
		return nil, explainAnswer(err)
	// A success has no body, whatever its headers say; the body of a refusal may never end.
	case response.StatusCode/100 != 2:
		return nil, &statusError{response.StatusCode, strings.HasSuffix(address, ":443")}
	}
	if reader.Buffered() == 0 {
		return conn, nil
	}
	// The server may already have sent its first frame.
	first, err := reader.Peek(reader.Buffered())
	return &prefixedConn{Conn: conn, first: first}, err
}

// explainAnswer returns the error for an answer that could not be read. Errors of a parser quote
// the answer as it is, and are left out.
func explainAnswer(err error) error {
	const text = "its answer to CONNECT is not that of an HTTP proxy"
	_, isNetwork := errors.AsType[net.Error](err)
	if isNetwork || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%s: %w", text, err)
	}
	return errors.New(text)
}

// limitedConn is a connection from which a limited number of bytes can be read.
type limitedConn struct {
	net.Conn
	left int
}

func (c *limitedConn) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

// prefixedConn is a connection whose first bytes have already been read.
type prefixedConn struct {
	net.Conn
	mu    sync.Mutex
	first []byte
}

// Read implements net.Conn.
func (c *prefixedConn) Read(p []byte) (int, error) {
	c.mu.Lock()
	n := copy(p, c.first)
	c.first = c.first[n:]
	c.mu.Unlock()
	if n > 0 {
		return n, nil
	}
	return c.Conn.Read(p)
}
