package client_test

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
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/store/mem"
)

// traceKey is the key, in a context, of a trace.
type traceKey struct{}

// observer keeps the events that it receives, as text.
type observer struct {
	mu     sync.Mutex
	events []string
}

// Observe implements tranship.Observer.
func (o *observer) Observe(events []tranship.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, event := range events {
		text := fmt.Sprintf("%v %s%s", event.Kind, event.Method[strings.LastIndexByte(event.Method, '/')+1:], event.Path)
		if event.Method == "" {
			text += fmt.Sprintf(", %d bytes from %d in %v", event.Bytes, event.Offset, event.Context.Value(traceKey{}))
		}
		if event.Err != nil {
			text += ", failed"
			if errors.Is(event.Err, tranship.ErrNotFound) {
				text += ": not found"
			}
		}
		if event.Start.IsZero() || event.Duration < 0 {
			text += ", without a time"
		}
		o.events = append(o.events, text)
	}
}

// TestObserver checks that the observer of a client receives the events of calls, and of
// each file with the context of its operation.
func TestObserver(t *testing.T) { overTransports(t, testObserver) }

func testObserver(t *testing.T, options client.Options) {
	var seen observer
	options.Observer = &seen
	files := connect(t, &mem.Store{PartSize: 4}, options)
	ctx := context.WithValue(t.Context(), traceKey{}, "trace")
	if _, err := files.Put(ctx, tranship.Spec{Path: "put"}, []byte("content")); err != nil {
		t.Fatal(err)
	}
	upload, err := files.Begin(ctx, tranship.Spec{Path: "uploaded", Size: new(int64(3))})
	if err != nil {
		t.Fatal(err)
	}
	part, err := upload.Part(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write([]byte("abc")); err != nil {
		t.Fatal(err)
	}
	if err := part.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := upload.Commit(ctx, tranship.Commit{Size: 3}); err != nil {
		t.Fatal(err)
	}
	opened, err := files.Open(ctx, "put", tranship.OpenOptions{Offset: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, opened); err != nil {
		t.Fatal(err)
	}
	opened.Close()
	opened.Close()
	if _, err := files.Open(ctx, "missing", tranship.OpenOptions{}); !errors.Is(err, tranship.ErrNotFound) {
		t.Fatal(err)
	}
	if _, _, err := files.Fetch(ctx, "uploaded", 3); err != nil {
		t.Fatal(err)
	}
	if _, err := files.Stat(ctx, "missing"); !errors.Is(err, tranship.ErrNotFound) {
		t.Fatal(err)
	}
	files.Close()
	seen.mu.Lock()
	defer seen.mu.Unlock()
	for _, want := range []string{
		"call begun GetServerInfo",
		"call ended GetServerInfo",
		"call begun Upload",
		"call ended Stat, failed: not found",
		"call ended Download",
		"upload put, 7 bytes from 0 in trace",
		"upload uploaded, 3 bytes from 0 in trace",
		"download put, 5 bytes from 2 in trace",
		"download missing, 0 bytes from 0 in trace, failed: not found",
		"download uploaded, 3 bytes from 0 in trace",
	} {
		if !slices.Contains(seen.events, want) {
			t.Errorf("the observer did not receive %q", want)
		}
	}
	if n := len(slices.DeleteFunc(slices.Clone(seen.events), func(text string) bool { return !strings.HasPrefix(text, "download put") })); n != 1 {
		t.Errorf("the observer received %d events of one download", n)
	}
	if t.Failed() {
		t.Log(strings.Join(seen.events, "\n"))
	}
}
