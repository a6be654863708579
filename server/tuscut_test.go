package server_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/access/policy"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/server/internal/running"
	"github.com/tranship/tranship/store/mem"
)

// rawPatch begins a piece on a connection of its own, and sends only the beginning of its body.
func (w *web) rawPatch(url string, offset, length int64, sent string) net.Conn {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.address)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = conn.Close() })
	credentials := ""
	if w.token != "" {
		credentials = "Authorization: Bearer " + w.token + "\r\n"
	}
	_, err = fmt.Fprintf(conn, "PATCH %s HTTP/1.1\r\nHost: a\r\nTus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\n"+
		"%sUpload-Offset: %d\r\nContent-Length: %d\r\n\r\n%s", url, credentials, offset, length, sent)
	if err != nil {
		w.t.Fatal(err)
	}
	return conn
}

// TestTusCut cuts the connection of each piece at a random byte, 100 times for each store.
func TestTusCut(t *testing.T) {
	for name, store := range tusStores(t) {
		t.Run(name, func(t *testing.T) {
			w := serveHTTP(t, store.Store, server.Config{})
			random := rand.New(rand.NewPCG(1, 2))
			content := string(filetest.Random(4*store.part + 33))
			url := w.createTus(int64(len(content)), "path", "a")
			last, cuts := int64(0), 0
			for ; cuts < 100; cuts++ {
				offset := w.offsetTus(url)
				if offset < last {
					t.Fatalf("after cut %d, the upload has %d bytes, and had %d", cuts, offset, last)
				}
				last = offset
				if offset == int64(len(content)) {
					break
				}
				rest := content[offset:]
				sent := rest[:random.IntN(min(len(rest), store.part/20+2))]
				_ = w.rawPatch(url, offset, int64(len(rest)), sent).Close()
			}
			if last == 0 {
				t.Fatal("nothing that came before a cut was kept")
			}
			w.sendTus(url, content, len(content))
			if got := w.do(http.MethodGet, "a", nil).want(t, "GET", http.StatusOK); got.body != content {
				t.Fatalf("%d bytes came back, want %d, or others", len(got.body), len(content))
			}
			noUploads(t, store.Store, false)
		})
	}
}

// TestTusTakeOver checks that a client continues an upload while the server still waits for the rest of
// a piece, and that the beginning of the piece counts.
func TestTusTakeOver(t *testing.T) {
	for name, store := range tusStores(t) {
		t.Run(name, func(t *testing.T) {
			w := serveHTTP(t, store.Store, server.Config{})
			content := string(filetest.Random(store.part + 100))
			url := w.createTus(int64(len(content)), "path", "a")
			for _, begin := range []int64{0, 50} {
				conn := w.rawPatch(url, begin, int64(len(content))-begin, content[begin:begin+50])
				w.awaitMoved(t, begin+50)
				if got := w.offsetTus(url); got != begin+50 {
					t.Fatalf("the offset is %d, want %d", got, begin+50)
				}
				reply, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil || reply.StatusCode != http.StatusConflict || reply.Header.Get("Tranship-Error") != "aborted" {
					t.Fatalf("%+v, %v", reply, err)
				}
				_ = reply.Body.Close()
			}
			w.sendTus(url, content, len(content))
			if got := w.do(http.MethodGet, "a", nil); got.body != content {
				t.Errorf("%d bytes came back, want %d, or others", len(got.body), len(content))
			}
		})
	}
}

// awaitMoved waits until the server has the bytes of a piece up to an offset.
func (w *web) awaitMoved(t *testing.T, offset int64) {
	t.Helper()
	ctx := testContext(t)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for ; ctx.Err() == nil; <-tick.C {
		for _, transfer := range w.service.Running().Transfers() {
			if transfer.Direction == running.Upload && transfer.Bytes() >= offset {
				return
			}
		}
	}
	t.Fatalf("the server has not got %d bytes", offset)
}

// TestTusRestart continues an upload at another server over the same store, and in the middle of a
// part.
func TestTusRestart(t *testing.T) {
	store := &mem.Store{PartSize: 1000}
	content := string(filetest.Random(5500))
	first := serveHTTP(t, store, server.Config{})
	url, offset := first.createTus(int64(len(content)), "path", "a"), int64(0)
	for offset < int64(len(content)) {
		w := serveHTTP(t, store, server.Config{})
		if got := w.offsetTus(url); got != offset {
			t.Fatalf("the offset is %d, want %d", got, offset)
		}
		offset = w.patchTus(url, offset, content[offset:min(offset+700, int64(len(content)))])
		w.service.Stop()
	}
	if got := first.do(http.MethodGet, "a", nil); got.body != content {
		t.Errorf("%d bytes came back, want %d, or others", len(got.body), len(content))
	}
}

// TestTusTwoServers sends the pieces of an upload to two servers in turn, which no request waits for.
func TestTusTwoServers(t *testing.T) {
	store := &mem.Store{PartSize: 1000}
	content := string(filetest.Random(9700))
	servers := []*web{serveHTTP(t, store, server.Config{}), serveHTTP(t, store, server.Config{})}
	url, offset := servers[0].createTus(int64(len(content)), "path", "a"), int64(0)
	for n := 0; offset < int64(len(content)); n++ {
		w, other := servers[n%2], servers[(n+1)%2]
		// The other server waits for a piece that it has lost.
		hanging := other.rawPatch(url, offset, int64(len(content))-offset, "")
		other.awaitMoved(t, offset)
		offset = w.offsetTus(url)
		offset = w.patchTus(url, offset, content[offset:min(offset+730, int64(len(content)))])
		_ = hanging.Close()
		if got := other.offsetTus(url); got != offset {
			t.Fatalf("the offset is %d, want %d", got, offset)
		}
	}
	if got := servers[1].do(http.MethodGet, "a", nil); got.body != content {
		t.Errorf("%d bytes came back, want %d, or others", len(got.body), len(content))
	}
}

// TestTusOwner checks that only the principal that has created an upload may use it, and that no other
// interrupts its pieces.
func TestTusOwner(t *testing.T) {
	store := &mem.Store{}
	rights, err := policy.Parse("policy", []byte("allow alice read,write /\nallow bob read,write,delete,list /\n"))
	if err != nil {
		t.Fatal(err)
	}
	alice := serveHTTP(t, store, server.Config{Authenticators: []authn.Authenticator{names{"alice", "bob"}}, Policy: rights})
	bob := *alice
	bob.t, alice.token, bob.token = t, "alice", "bob"
	url := alice.createTus(3, "path", "a")
	for _, method := range []string{http.MethodHead, http.MethodPatch, http.MethodDelete} {
		bob.tus(method, url, strings.NewReader(""), "Upload-Offset", "0").want(t, method, http.StatusNotFound)
	}
	nameless := *alice
	nameless.token = ""
	nameless.tus(http.MethodHead, url, nil).want(t, "HEAD without a token", http.StatusUnauthorized)
	for info, err := range store.ListUploads(t.Context(), "") {
		if err != nil || info.Owner != "alice" {
			t.Errorf("%+v, %v", info, err)
		}
	}
	conn := alice.rawPatch(url, 0, 3, "a")
	alice.awaitMoved(t, 1)
	for _, method := range []string{http.MethodHead, http.MethodPatch, http.MethodDelete} {
		bob.tus(method, url, strings.NewReader(""), "Upload-Offset", "1").want(t, method, http.StatusNotFound)
	}
	if _, err := conn.Write([]byte("bc")); err != nil {
		t.Fatal(err)
	}
	reply, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || reply.StatusCode != http.StatusNoContent {
		t.Fatalf("the piece that bob could not continue: %+v, %v", reply, err)
	}
	_ = reply.Body.Close()
	alice.do(http.MethodGet, "a", nil).want(t, "GET", http.StatusOK)
}

// tailless is a store whose uploads are no TailKeepers.
type tailless struct{ *mem.Store }

func (s tailless) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	upload, err := s.Store.Begin(ctx, spec)
	if err != nil {
		return nil, err
	}
	committed, _ := tranship.As[tranship.CommittedUpload](upload)
	return struct {
		tranship.Upload
		tranship.CommittedUpload
	}{upload, committed}, nil
}

// TestTusWithoutTails checks that a store which keeps only whole parts tells clients to go back to the
// end of the last one.
func TestTusWithoutTails(t *testing.T) {
	store := tailless{&mem.Store{PartSize: 10}}
	w := serveHTTP(t, store, server.Config{})
	content := string(filetest.Random(35))
	url := w.createTus(35, "path", "a")
	for _, step := range []struct{ offset, end, kept int64 }{{0, 5, 0}, {0, 25, 20}, {20, 29, 20}, {20, 35, 35}} {
		if got := w.patchTus(url, step.offset, content[step.offset:step.end]); got != step.kept {
			t.Fatalf("%+v: the offset is %d", step, got)
		}
		if got := w.offsetTus(url); got != step.kept {
			t.Fatalf("%+v: HEAD says %d", step, got)
		}
	}
	if got := w.do(http.MethodGet, "a", nil); got.body != content {
		t.Errorf("%q came back", got.body)
	}
}
