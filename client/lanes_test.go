package client_test

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/faultproxy"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/transfer"
)

// crossing is a client of a server with lanes, and what is between them.
type crossing struct {
	*testing.T
	*client.Client
	store *mem.Store
	proxy *faultproxy.Proxy

	mu   sync.Mutex
	used []client.Transport
	why  error
}

// newCrossing returns a crossing whose client is connected.
func newCrossing(t *testing.T, options client.Options) *crossing {
	t.Helper()
	c := &crossing{T: t, store: &mem.Store{PartSize: 1 << 20}}
	proxy, err := faultproxy.Listen(storeserver.Serve(t, c.store, server.Config{}), nil)
	if err != nil {
		t.Fatal(err)
	}
	c.proxy = proxy
	t.Cleanup(func() { proxy.Close() })
	options.Connections = 1
	options.TransportUsed = func(used client.Transport, reason error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.used, c.why = append(c.used, used), reason
	}
	if c.Client, err = client.Dial(t.Context(), proxy.Address(), options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Client.Close() })
	return c
}

// expectUsed checks which transports were used until now. Concurrent calls may have used those
// of several in turn.
func (c *crossing) expectUsed(want ...client.Transport) {
	c.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.used) > len(want) && len(want) > 1 {
		c.used = c.used[2:]
	}
	if !slices.Equal(c.used, want) || (c.why == nil) != (want[len(want)-1] == client.TransportLanes) {
		c.Errorf("used were %v, the last because of %v, want %v", c.used, c.why, want)
	}
}

// move puts and fetches a small file, and opens it.
func (c *crossing) move() {
	c.Helper()
	want := []byte("content")
	if _, err := c.Put(c.Context(), tranship.Spec{Path: "small"}, want); err != nil {
		c.Fatal(err)
	}
	if _, got, err := c.Fetch(c.Context(), "small", int64(len(want))); err != nil || !bytes.Equal(got, want) {
		c.Fatalf("fetched %q, %v", got, err)
	}
	content, err := c.Open(c.Context(), "small", tranship.OpenOptions{})
	if err != nil {
		c.Fatal(err)
	}
	defer content.Close()
	if got, err := io.ReadAll(content); err != nil || !bytes.Equal(got, want) {
		c.Fatalf("read %q, %v", got, err)
	}
}

// expectStored checks the content of a file of the server.
func (c *crossing) expectStored(path string, want []byte) {
	c.Helper()
	content, err := c.store.Open(c.Context(), path, tranship.OpenOptions{})
	if err != nil {
		c.Fatal(err)
	}
	defer content.Close()
	if got, err := io.ReadAll(content); err != nil || !bytes.Equal(got, want) {
		c.Errorf("%d bytes arrived, or others: %v", len(got), err)
	}
}

// TestStrangers has something else than the server behind new connections: files move over gRPC,
// and it is not tried again.
func TestStrangers(t *testing.T) {
	for name, answer := range map[string]func(conn net.Conn){
		"closes":        func(net.Conn) {},
		"web server":    func(conn net.Conn) { _, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n<html>") },
		"nearly a lane": func(conn net.Conn) { _, _ = io.WriteString(conn, "TRANSHIP-LANE/2\n\x00") },
		"long id":       func(conn net.Conn) { _, _ = io.WriteString(conn, "TRANSHIP-LANE/1\n\xff") },
		"other server":  nil,
	} {
		t.Run(name, func(t *testing.T) {
			c := newCrossing(t, client.Options{})
			if answer == nil {
				c.proxy.SetServer(storeserver.Serve(t, new(mem.Store), server.Config{}))
			} else {
				c.proxy.SetServer(strangerAt(t, answer))
			}
			c.move()
			c.move()
			c.expectUsed(client.TransportGRPC)
			if n := c.proxy.Connections(); n != 3 {
				t.Errorf("%d connections were made, want one for gRPC and two for lanes", n)
			}
		})
	}
}

// strangerAt is a server that answers each connection, when something has come, and closes it.
func strangerAt(t *testing.T, answer func(conn net.Conn)) (address string) {
	t.Helper()
	return serveConns(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 100))
		answer(conn)
		_ = conn.Close()
	})
}

// TestLaneBreaks breaks lanes in the middle of a large file. The file continues on what there is
// then.
func TestLaneBreaks(t *testing.T) {
	const size = 8<<20 + 12345
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(i ^ i>>8 ^ i>>16)
	}
	cut := func(at int64) faultproxy.Link {
		return faultproxy.Link{Up: faultproxy.Faults{CutAfter: &at}, Down: faultproxy.Faults{CutAfter: &at}}
	}
	for name, test := range map[string]struct {
		links func(connection int) faultproxy.Link
		want  []client.Transport
	}{
		"then gRPC": {func(connection int) faultproxy.Link {
			if connection == 1 {
				return cut(3 << 20)
			}
			return cut(0)
		}, []client.Transport{client.TransportLanes, client.TransportGRPC}},
		"then lanes": {func(connection int) faultproxy.Link {
			if connection < 3 {
				return cut(3 << 20)
			}
			return faultproxy.Link{}
		}, []client.Transport{client.TransportLanes}},
	} {
		t.Run(name+"/upload", func(t *testing.T) {
			c := newCrossing(t, client.Options{})
			c.proxy.SetLinks(test.links)
			local := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(local, data, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := transfer.Upload(t.Context(), c.Client, local, "large", transfer.UploadOptions{}); err != nil {
				t.Fatal(err)
			}
			c.expectStored("large", data)
			c.expectUsed(test.want...)
		})
		t.Run(name+"/download", func(t *testing.T) {
			c := newCrossing(t, client.Options{})
			if _, err := transfer.UploadFrom(t.Context(), c.store, bytes.NewReader(data), tranship.Spec{Path: "large"}); err != nil {
				t.Fatal(err)
			}
			c.proxy.SetLinks(test.links)
			local := filepath.Join(t.TempDir(), "file")
			if _, err := transfer.Download(t.Context(), c.Client, "large", local, transfer.DownloadOptions{}); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(local); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%d bytes arrived, or others: %v", len(got), err)
			}
			c.expectUsed(test.want...)
		})
	}
}

// TestSilentLane freezes a lane in mid-upload, as a middlebox does that forgets it. The upload
// stalls once, and continues on another.
func TestSilentLane(t *testing.T) {
	c := newCrossing(t, client.Options{StallTimeout: time.Second})
	at := int64(1 << 20)
	c.proxy.SetLinks(func(connection int) faultproxy.Link {
		if connection == 1 {
			return faultproxy.Link{Up: faultproxy.Faults{FreezeAfter: &at}}
		}
		return faultproxy.Link{}
	})
	data := bytes.Repeat([]byte("0123456789abcdef"), 256<<10)
	local := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(local, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := transfer.Upload(t.Context(), c.Client, local, "large", transfer.UploadOptions{Options: transfer.Options{StallTimeout: time.Second}}); err != nil {
		t.Fatal(err)
	}
	c.expectStored("large", data)
	c.expectUsed(client.TransportLanes)
}
