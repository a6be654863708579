package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/internal/budget"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/retry"
)

// Connecting is retried for the whole --connect-timeout: even if the next pause would be
// longer than the time left, and even if the timeout is longer than the budget of other
// operations.
func TestConnectTimeout(t *testing.T) {
	for _, timeout := range []time.Duration{time.Second, 5 * time.Second, 3 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			g := &globals{connectTimeout: timeout}
			begun := time.Now()
			away := failure.Mark(fmt.Errorf("%w: away", tranship.ErrUnavailable), failure.Refused)
			err := g.connections().dial(t.Context(), location.Server{Address: "localhost:1"}, func(options client.Options) error {
				if left := timeout - time.Since(begun); options.ConnectTimeout > left || options.ConnectTimeout <= 0 {
					t.Errorf("with %v left of %v, an attempt may take %v", left, timeout, options.ConnectTimeout)
				}
				return away
			})
			if took := time.Since(begun); !errors.Is(err, away) || took > timeout || took < timeout-2*minConnectTimeout {
				t.Errorf("%v after %v of %v", err, took, timeout)
			}
		})
	}
}

// The hint of an attempt outlives a last one that has no time to find out as much.
func TestConnectHint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &globals{connectTimeout: 5 * time.Second}
		attempts := 0
		err := g.connections().dial(t.Context(), location.Server{Address: "localhost:1"}, func(client.Options) error {
			attempts++
			away := &client.ConnectError{Address: "localhost:1", Err: errors.New("no answer")}
			if attempts == 2 {
				away = &client.ConnectError{Address: "localhost:1", Hint: client.HintTLS, Err: errors.New("EOF")}
			}
			return failure.Mark(away, failure.Refused)
		})
		if failed, ok := errors.AsType[*client.ConnectError](err); !ok || failed.Hint != client.HintTLS || attempts < 3 {
			t.Errorf("%v after %d attempts", err, attempts)
		}
	})
}

// A server that cannot be reached is reported once, not once per location on it.
func TestEachEndsWithServer(t *testing.T) {
	var text strings.Builder
	g := &globals{Console: console.Console{Streams: console.Streams{Err: &text}}}
	connections := g.connections()
	var locations []location.Location
	for _, address := range []string{"away:1", "here:1"} {
		server := location.Server{Address: address}
		connections.stores[server] = retry.New(&mem.Store{}, retry.Options{})
		for _, path := range []string{"a", "b", "c"} {
			locations = append(locations, location.Location{Arg: server.At(path), Server: server, Path: path})
		}
	}
	tried := map[string]int{}
	err := g.eachOver(t.Context(), connections, locations, func(_ context.Context, _ *retry.Store, p location.Location) error {
		tried[p.Server.Address]++
		if p.Server.Address == "here:1" {
			return tranship.ErrDenied
		}
		return &budget.Error{Patience: time.Second, Err: tranship.ErrUnavailable}
	})
	if err != nil || tried["away:1"] != 1 || tried["here:1"] != 3 || strings.Count(text.String(), "gave up") != 1 {
		t.Errorf("%v after %v: %s", err, tried, text.String())
	}
}

// A filesrv server that cannot be reached is reported once, too.
func TestFilesrvEndsWithServer(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"cp", "--protocol", "filesrv"}, {"cp", "-r", "--protocol", "filesrv"}} {
		args = append(args, "--connect-timeout", "200ms", "grpc://127.0.0.1:1/a", "grpc://127.0.0.1:1/b", "grpc://127.0.0.1:1/c", t.TempDir()+"/")
		if _, text := output(t, 1, args...); strings.Count(text, "\n") != 1 || !strings.Contains(text, "cannot connect") {
			t.Errorf("%q: %s", args, text)
		}
	}
}

// A command has one connection to a server. This holds for mv, too.
func TestOneConnection(t *testing.T) {
	t.Parallel()
	r := &restartable{root: t.TempDir()}
	if err := os.WriteFile(filepath.Join(r.root, "a"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	server := "grpc://" + r.serve(t, "--max-connections-per-peer", "1")
	output(t, 0, "mv", server+"/a", server+"/b")
	if _, err := os.Stat(filepath.Join(r.root, "b")); err != nil {
		t.Error(err)
	}
}

// The error of a server without the native protocol proposes the protocol that it has.
func TestAdviseProtocol(t *testing.T) {
	for want, services := range map[string][]string{
		"pass --protocol filesrv to tranship cp":                 {"FileSrv"},
		"pass --protocol filetransfer to tranship cp":            {"FileTransfer.FileService", "other.Service"},
		"pass --protocol filesrv or filetransfer to tranship cp": nil,
		"but other.Service":                                      {"other.Service"},
	} {
		err := (&clientTLSFlags{}).advise(location.Server{}, &client.ServiceError{Address: "h:1", Services: services})
		if !errors.Is(err, tranship.ErrUnsupported) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "--") != strings.Contains(want, "--") {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
