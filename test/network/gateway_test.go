package network

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/faultproxy"
	"github.com/tranship/tranship/store/localdir"
	"github.com/tranship/tranship/store/retry"
	"github.com/tranship/tranship/transfer"
)

// gatewayFaults are the faults that gateways cause, by name.
var gatewayFaults = map[string]faultproxy.CallFault{
	"page":        faultproxy.Page,
	"reset":       faultproxy.Reset,
	"no trailers": faultproxy.NoTrailers,
	"lost reply":  faultproxy.LoseReply,
	"lost page":   faultproxy.LosePage,
}

// behindGateway returns a store behind a gateway that applies a fault to every third call
// of those that match, but to at most most calls.
func behindGateway(t *testing.T, s *site, fault faultproxy.CallFault, most int64, matches func(path string) bool) *retry.Store {
	t.Helper()
	var matched atomic.Int64
	gateway, err := faultproxy.ListenGateway(s.address, func(_ int, path string) faultproxy.CallFault {
		if !matches(path) {
			return faultproxy.Pass
		}
		if n := matched.Add(1); n%3 == 1 && n/3 < most {
			return fault
		}
		return faultproxy.Pass
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = gateway.Close() })
	return retry.New(s.mustDial(t, gateway.Address()), retry.Options{})
}

// TestGatewayEdits checks that all operations on a tree succeed through a gateway that
// fails every third call.
func TestGatewayEdits(t *testing.T) {
	t.Parallel()
	for name, fault := range gatewayFaults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, client.TransportGRPC)
			const count = 24
			want := files{}
			for i := range count {
				want[fmt.Sprintf("d/%02d", i)] = random(byte(i), 100)
			}
			want.write(t, s.root)
			store := behindGateway(t, s, fault, 1000, func(path string) bool { return !strings.HasSuffix(path, "GetServerInfo") })
			ctx := t.Context()
			listed := 0
			for entry, err := range store.List(ctx, tranship.ListOptions{Directory: "d"}) {
				if err != nil {
					t.Fatal(err)
				}
				listed++
				moved := strings.Replace(entry.Path, "d/", "e/", 1)
				if _, err := store.Move(ctx, entry.Path, moved, tranship.Precondition{MustNotExist: true}); err != nil {
					t.Errorf("moving %s: %v", entry.Path, err)
				}
				if _, err := store.Copy(ctx, moved, moved+".copy", tranship.Precondition{MustNotExist: true}); err != nil {
					t.Errorf("copying %s: %v", moved, err)
				}
				if _, err := store.SetAttributes(ctx, moved, tranship.Attributes{Metadata: map[string]string{"k": "v"}}, tranship.Precondition{}); err != nil {
					t.Errorf("attributes of %s: %v", moved, err)
				}
			}
			if listed != count {
				t.Errorf("%d of %d files were listed", listed, count)
			}
			var removals sync.WaitGroup
			for i := range count {
				for _, suffix := range []string{"", ".copy"} {
					removals.Go(func() {
						if err := store.Remove(ctx, fmt.Sprintf("e/%02d%s", i, suffix), tranship.Precondition{}); err != nil {
							t.Errorf("removing %d%s: %v", i, suffix, err)
						}
					})
				}
			}
			removals.Wait()
			for entry, err := range store.List(ctx, tranship.ListOptions{Recursive: true}) {
				t.Errorf("remains: %s, %v", entry.Path, err)
			}
		})
	}
}

// TestGatewayCopies copies a tree both ways through a gateway whose first calls of each
// kind fail.
func TestGatewayCopies(t *testing.T) {
	t.Parallel()
	for name, fault := range gatewayFaults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, client.TransportGRPC)
			local, back := t.TempDir(), t.TempDir()
			want := files{"large": random(1, 3<<20+5)}
			for i := range 50 {
				want[fmt.Sprintf("d/%02d", i)] = random(byte(i), 1000)
			}
			want.write(t, local)
			// A stream whose whole reply is lost does not end before the client ends it.
			streams := func(path string) bool {
				return strings.HasSuffix(path, "List") ||
					(strings.HasSuffix(path, "Upload") || strings.HasSuffix(path, "Download")) && fault != faultproxy.LoseReply && fault != faultproxy.LosePage
			}
			store := behindGateway(t, s, fault, 8, streams)
			copyAll := func(to tranship.Writer, from func() (transfer.Tree, *localdir.Dir)) {
				t.Helper()
				options := transfer.Options{Report: func(result transfer.Result) {
					if result.Err != nil {
						t.Errorf("%s: %v", result.Path, result.Err)
					}
				}}
				tree, dir := from()
				items := transfer.Files(t.Context(), tree, "", "")
				if dir != nil {
					items = transfer.Walk(t.Context(), dir, "", "")
				}
				if err := transfer.Copy(t.Context(), to, items, options); err != nil {
					t.Fatal(err)
				}
			}
			copyAll(store, func() (transfer.Tree, *localdir.Dir) { return nil, openDir(t, local) })
			if wrong := want.unlike(t, s.root, true); wrong != nil {
				t.Error(wrong)
			}
			copyAll(openDir(t, back), func() (transfer.Tree, *localdir.Dir) { return store, nil })
			if wrong := want.unlike(t, back, true); wrong != nil {
				t.Error(wrong)
			}
		})
	}
}

// TestGatewayOfFewCalls removes many files concurrently through a gateway whose
// connections take ten calls each.
func TestGatewayOfFewCalls(t *testing.T) {
	t.Parallel()
	s := newSite(t, client.TransportGRPC)
	want := files{}
	for i := range 300 {
		want[fmt.Sprintf("d/%03d", i)] = nil
	}
	want.write(t, s.root)
	gateway, err := faultproxy.ListenGateway(s.address, func(call int, _ string) faultproxy.CallFault {
		if call%10 == 9 {
			return faultproxy.LastCall
		}
		return faultproxy.Pass
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = gateway.Close() })
	store := retry.New(s.mustDial(t, gateway.Address()), retry.Options{})
	var removals sync.WaitGroup
	for path := range want {
		removals.Go(func() {
			if err := store.Remove(t.Context(), path, tranship.Precondition{}); err != nil {
				t.Errorf("removing %s: %v", path, err)
			}
		})
	}
	removals.Wait()
	for entry, err := range store.List(t.Context(), tranship.ListOptions{Recursive: true}) {
		t.Errorf("remains: %s, %v", entry.Path, err)
	}
}

// TestGatewayOfHTTP1 checks that a client that reconnects and finds a gateway that
// answers in HTTP/1.1 tries again.
func TestGatewayOfHTTP1(t *testing.T) {
	t.Parallel()
	s := newSite(t, client.TransportGRPC)
	files{"a": random(1, 10)}.write(t, s.root)
	var back atomic.Bool
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
	}))
	t.Cleanup(web.Close)
	store := retry.New(s.mustDial(t, s.proxy.Address()), retry.Options{Events: func(event retry.Event) {
		if event.Attempt == 3 && back.CompareAndSwap(false, true) {
			s.proxy.SetServer(s.address)
		}
	}})
	s.proxy.SetServer(web.Listener.Addr().String())
	s.proxy.Cut()
	begun := time.Now()
	if _, err := store.Stat(t.Context(), "a"); err != nil {
		t.Errorf("after %v: %v", time.Since(begun), err)
	}
	if !back.Load() {
		t.Error("the client did not have to try again")
	}
}
