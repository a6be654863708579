package s3_test

import (
	"bytes"
	"context"
	"net/http"
	"sync"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/store/s3"
)

// noteKey is the key of a note in the context of a request.
type noteKey struct{}

// noting counts requests by the note in their context.
type noting struct {
	next http.RoundTripper
	mu   sync.Mutex
	// parts counts those that send a part.
	notes, parts map[string]int
}

func (n *noting) RoundTrip(request *http.Request) (*http.Response, error) {
	note, _ := request.Context().Value(noteKey{}).(string)
	n.mu.Lock()
	n.notes[note]++
	if request.URL.Query().Has("partNumber") {
		n.parts[note]++
	}
	n.mu.Unlock()
	return n.next.RoundTrip(request)
}

// TestAround checks that Options.Around sees the requests of a put and of the parts of an upload,
// with the context of the call that needs them.
func TestAround(t *testing.T) {
	requests := &noting{notes: map[string]int{}, parts: map[string]int{}}
	endpoint := fakes3.New(fakes3.Options{}).Start(t)
	store := open(t, endpoint, s3.Options{PartSize: odd, Around: func(next http.RoundTripper) http.RoundTripper {
		requests.next = next
		return requests
	}})
	probes := requests.parts[""] // of Open
	in := func(note string) context.Context { return context.WithValue(t.Context(), noteKey{}, note) }
	if _, err := store.Put(in("put"), tranship.Spec{Path: "a"}, []byte("small")); err != nil {
		t.Fatal(err)
	}
	size := int64(2*odd + 1)
	upload, err := store.Begin(in("upload"), tranship.Spec{Path: "b", Size: &size, ResumeKey: "key"})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		part, err := upload.Part(in("upload"), n)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(bytes.Repeat([]byte("x"), int(min(odd, size-int64(n*odd))))); err != nil {
			t.Fatal(err)
		}
		if err := part.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := upload.Commit(in("upload"), tranship.Commit{Size: size}); err != nil {
		t.Fatal(err)
	}
	requests.mu.Lock()
	defer requests.mu.Unlock()
	if requests.notes["put"] == 0 || requests.notes["upload"] == 0 || requests.parts["upload"] != 3 || requests.parts[""] != probes {
		t.Errorf("the requests have %v, and those of parts %v", requests.notes, requests.parts)
	}
}
