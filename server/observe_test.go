package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/client/filesrv"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// observer keeps what it is told, as text.
type observer struct {
	mu   sync.Mutex
	told []string
	// transports are those of transfers, one for each of them.
	transports []string
}

// Observe implements tranship.Observer.
func (o *observer) Observe(events []tranship.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, event := range events {
		method := event.Method[strings.LastIndexByte(event.Method, '/')+1:]
		text := fmt.Sprintf("%s: %v %s by %q", method, event.Kind, event.Path, access.FromContext(event.Context).Name)
		if event.Kind == tranship.EventUpload || event.Kind == tranship.EventDownload {
			text += fmt.Sprintf(", %d bytes from %d", event.Bytes, event.Offset)
			o.transports = append(o.transports, event.Transport)
		}
		if event.Err != nil {
			text += ", failed"
			if limit, ok := errors.AsType[*tranship.LimitError](event.Err); ok {
				text += ": " + string(limit.Limit)
			}
			for _, known := range []error{tranship.ErrNotFound, tranship.ErrUnauthenticated} {
				if errors.Is(event.Err, known) {
					text += ": " + known.Error()
				}
			}
		}
		if event.Start.IsZero() || event.Duration < 0 {
			text += " without a time"
		}
		o.told = append(o.told, text)
	}
}

// has reports whether something was told.
func (o *observer) has(text string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Contains(o.told, text)
}

// TestObserver checks that the observer of a server is told of calls and transfers, those
// of the compatibility protocols included.
func TestObserver(t *testing.T) {
	var told observer
	ctx, stop := context.WithCancel(t.Context())
	listener := listen(t)
	s := storeserver.New(t, &mem.Store{}, server.Config{Authenticators: []authn.Authenticator{names{"ann"}}, Observer: &told})
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, listener) }()

	files := connectAs(t, listener.Addr().String(), tokenOf("ann"))
	if _, err := files.Put(ctx, tranship.Spec{Path: "file.txt"}, []byte("content")); err != nil {
		t.Fatal(err)
	}
	opened, err := files.Open(ctx, "file.txt", tranship.OpenOptions{Offset: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, opened); err != nil {
		t.Fatal(err)
	}
	opened.Close()
	if _, err := files.Stat(ctx, "missing"); !errors.Is(err, tranship.ErrNotFound) {
		t.Fatal(err)
	}
	conn, err := client.DialConn(ctx, listener.Addr().String(), tokenOf("ann"))
	if err != nil {
		t.Fatal(err)
	}
	old, err := filesrv.New(conn, filesrv.Options{}).Open(ctx, "file.txt", tranship.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, old); err != nil {
		t.Fatal(err)
	}
	old.Close()
	if _, err := client.Dial(ctx, listener.Addr().String(), tokenOf("bob")); !errors.Is(err, tranship.ErrUnauthenticated) {
		t.Fatal(err)
	}
	files.Close()
	conn.Close()
	stop()
	if err := <-served; err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`GetServerInfo: call begun  by "ann"`,
		`GetServerInfo: call ended  by "ann"`,
		`Upload: call begun  by "ann"`,
		`Upload: upload file.txt by "ann", 7 bytes from 0`,
		`Download: download file.txt by "ann", 5 bytes from 2`,
		`Stat: call ended  by "ann", failed: ` + tranship.ErrNotFound.Error(),
		`DownloadFile: download file.txt by "ann", 7 bytes from 0`,
		`DownloadFile: call ended  by "ann"`,
		`GetServerInfo: call ended  by "", failed: ` + tranship.ErrUnauthenticated.Error(),
	} {
		if !told.has(want) {
			t.Errorf("the observer was not told %q", want)
		}
	}
	if told.has(`GetServerInfo: call begun  by ""`) {
		t.Error("the observer was told that a refused call has begun")
	}
	if t.Failed() {
		t.Log(strings.Join(told.told, "\n"))
	}
}
