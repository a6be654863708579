package origin_test

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"

	"github.com/pires/go-proxyproto"

	"github.com/tranship/tranship/server/internal/origin"
)

// bytesConn is a connection from which data is read, in one piece.
type bytesConn struct {
	net.Conn
	data *bytes.Reader
}

func (c bytesConn) Read(p []byte) (int, error)      { return c.data.Read(p) }
func (c bytesConn) RemoteAddr() net.Addr            { return tcp(proxy) }
func (c bytesConn) SetReadDeadline(time.Time) error { return nil }

// header returns the header of a client, with what follows it.
func header(t testing.TB, version byte, client string, rest string) string {
	t.Helper()
	from, to := tcp(client).(*net.TCPAddr), tcp("10.0.0.2:50051")
	if from.IP.To4() == nil {
		to = tcp("[fd00::2]:50051")
	}
	var b bytes.Buffer
	if _, err := proxyproto.HeaderProxyFromAddrs(version, from, to).WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.String() + rest
}

// TestReadHeader checks the address of a connection with a header, and that what follows the
// header can be read.
func TestReadHeader(t *testing.T) {
	const local = "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"
	for name, test := range map[string]struct{ sent, want, rest string }{
		"version 1":           {header(t, 1, "192.0.2.1:4711", "rest"), "192.0.2.1:4711", "rest"},
		"version 1, IPv6":     {header(t, 1, "[2001:db8::1]:4711", "rest"), "[2001:db8::1]:4711", "rest"},
		"version 1, unknown":  {"PROXY UNKNOWN\r\nrest", proxy, "rest"},
		"version 2":           {header(t, 2, "192.0.2.1:4711", "rest"), "192.0.2.1:4711", "rest"},
		"version 2, IPv6":     {header(t, 2, "[2001:db8::1]:4711", ""), "[2001:db8::1]:4711", ""},
		"version 2, local":    {local + "rest", proxy, "rest"},
		"no header":           {"PRI * HTTP/2.0\r\n", "", ""},
		"nothing":             {"", "", ""},
		"a header that ends":  {"PROXY TCP4 192.0.2.1", "", ""},
		"no address":          {"PROXY TCP4 name 10.0.0.1 1 2\r\n", "", ""},
		"a line without end":  {"PROXY TCP4 " + string(bytes.Repeat([]byte("1"), 200)), "", ""},
		"a header of 64 KiB":  {"\r\n\r\n\x00\r\nQUIT\n\x21\x11\xff\xff", "", ""},
		"an unknown command":  {"\r\n\r\n\x00\r\nQUIT\n\x2f\x11\x00\x0c", "", ""},
		"half of a signature": {"\r\n\r\n\x00\r\n", "", ""},
	} {
		conn, err := origin.ReadHeader(bytesConn{data: bytes.NewReader([]byte(test.sent))})
		if test.want == "" {
			if err == nil {
				t.Errorf("%s: accepted as %v", name, conn.RemoteAddr())
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		rest, err := io.ReadAll(conn)
		if got := conn.RemoteAddr().String(); got != test.want || string(rest) != test.rest || err != nil {
			t.Errorf("%s: %s, then %q, %v", name, got, rest, err)
		}
	}
}

// FuzzReadHeader checks that no header panics, and that what follows a header is kept.
func FuzzReadHeader(f *testing.F) {
	f.Add([]byte(header(f, 1, "192.0.2.1:4711", "rest")))
	f.Add([]byte(header(f, 2, "[2001:db8::1]:4711", "rest")))
	f.Add([]byte("PROXY UNKNOWN x\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		conn, err := origin.ReadHeader(bytesConn{data: bytes.NewReader(data)})
		if err != nil {
			return
		}
		rest, err := io.ReadAll(conn)
		if err != nil || !bytes.HasSuffix(data, rest) || len(rest) == len(data) || conn.RemoteAddr() == nil {
			t.Errorf("%q: %v, %q, %v", data, conn.RemoteAddr(), rest, err)
		}
	})
}
