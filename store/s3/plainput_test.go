package s3_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/store/s3"
)

// puts notes the requests that put files below d/.
type puts struct {
	next http.RoundTripper
	mu   sync.Mutex
	// plain and layered are the paths of those that the store has made itself, and of those of
	// the client.
	plain, layered []string
	// signed are the headers that the latest signature covers.
	signed string
}

func (p *puts) RoundTrip(request *http.Request) (*http.Response, error) {
	if _, path, found := strings.Cut(request.URL.EscapedPath(), "/d/"); found && request.Method == http.MethodPut {
		p.mu.Lock()
		if request.Header.Get("User-Agent") == "tranship" {
			p.plain = append(p.plain, path)
			_, p.signed, _ = strings.Cut(request.Header.Get("Authorization"), "SignedHeaders=")
		} else {
			p.layered = append(p.layered, path)
		}
		p.mu.Unlock()
	}
	return p.next.RoundTrip(request)
}

// counts returns how many requests there were since the last call.
func (p *puts) counts() (plain, layered int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	plain, layered = len(p.plain), len(p.layered)
	p.plain, p.layered = nil, nil
	return plain, layered
}

// openNoting opens a store whose puts are noted, and which has learnt how to make them.
func openNoting(t *testing.T, engine *fakes3.Server, options s3.Options) (*s3.Store, *puts) {
	t.Helper()
	requests := &puts{}
	options.Around = func(next http.RoundTripper) http.RoundTripper { requests.next = next; return requests }
	store := near(t, engine, options)
	if _, err := store.Put(t.Context(), tranship.Spec{Path: "d/first"}, []byte("data")); err != nil {
		t.Fatal(err)
	}
	if plain, layered := requests.counts(); plain != 0 || layered != 1 {
		t.Fatalf("the first file took %d plain requests and %d of the client, want 0 and 1", plain, layered)
	}
	return store, requests
}

// TestPlainPuts puts files with the store's own requests, which must be as those of the client.
func TestPlainPuts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, requests := openNoting(t, fakes3.New(fakes3.Options{}), s3.Options{Prefix: "a prefix"})
		spec := func(path string) tranship.Spec {
			return tranship.Spec{Path: path, Attributes: tranship.Attributes{Metadata: map[string]string{"key": "ü  \n"}}}
		}
		names := []string{"plain", "a b+c%d", "%2F", "ünï/cödé", "a=b&c;d:e@f$g,h~i'(j)*!", "q?x#y", "two  spaces"}
		for _, name := range names {
			for _, data := range [][]byte{nil, random(1, 4096)} {
				file, err := store.Put(t.Context(), spec("d/"+name), data)
				if err != nil {
					t.Fatalf("Put(%q): %v", name, err)
				}
				got := has(t, store, "d/"+name, data)
				if got.Version != file.Version || !got.ModTime.Equal(file.ModTime) || !maps.Equal(got.Metadata, file.Metadata) || got.CRC32C == nil || *got.CRC32C != tranship.CRC32C(data) {
					t.Errorf("the file is %+v, and the put returned %+v", got, file)
				}
			}
		}
		for _, name := range []string{"x-amz-checksum-crc32c", "x-amz-meta-tranship-attributes", "x-amz-content-sha256", "host", "x-amz-date"} {
			if !slices.Contains(strings.FieldsFunc(requests.signed, func(r rune) bool { return r == ';' || r == ',' }), name) {
				t.Errorf("the signature covers %s, and not %s", requests.signed, name)
			}
		}
		if plain, layered := requests.counts(); plain != 2*len(names) || layered != 0 {
			t.Errorf("%d files took %d plain requests and %d of the client", 2*len(names), plain, layered)
		}
		once := spec("d/plain")
		once.Precondition.MustNotExist = true
		if _, err := store.Put(t.Context(), once, nil); !errors.Is(err, tranship.ErrExists) {
			t.Errorf("Put of a file that exists: %v, want ErrExists", err)
		}
		large := random(1, 2<<20)
		upload := begin(t, store, "d/large", "", large)
		writeParts(t, upload, large)
		commit(t, upload, large)
		has(t, store, "d/large", large)
		if plain, layered := requests.counts(); plain != 0 || layered != 1 {
			t.Errorf("a large file took %d plain requests and %d of the client, want 0 and 1", plain, layered)
		}
	})
}

// TestPlainPutFailures has the engine fail: the client makes the request then, and those that follow
// for a while.
func TestPlainPutFailures(t *testing.T) {
	for name, test := range map[string]struct {
		fault fakes3.Fault
		pause time.Duration
	}{
		"unavailable":      {fakes3.Fault{Status: http.StatusServiceUnavailable, Code: "SlowDown"}, 2 * time.Second},
		"a reply was lost": {fakes3.Fault{Done: true}, 2 * time.Second},
		"cut":              {fakes3.Fault{Cut: 10}, 2 * time.Second},
		"refused":          {fakes3.Fault{Status: http.StatusForbidden, Code: "AccessDenied"}, 2 * time.Minute},
		"conflict":         {fakes3.Fault{Status: http.StatusConflict, Code: "ConditionalRequestConflict"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				engine := fakes3.New(fakes3.Options{})
				store, requests := openNoting(t, engine, s3.Options{})
				test.fault.Operation, test.fault.Times = "PutObject", 1
				engine.Inject(test.fault)
				put := func() {
					t.Helper()
					spec := tranship.Spec{Path: "d/file", Precondition: tranship.Precondition{MustNotExist: true}}
					if _, err := store.Put(t.Context(), spec, []byte("data")); err != nil {
						t.Fatalf("Put: %v", err)
					}
					has(t, store, "d/file", []byte("data"))
					if err := store.Remove(t.Context(), "d/file", tranship.Precondition{}); err != nil {
						t.Fatal(err)
					}
				}
				put()
				if plain, layered := requests.counts(); plain != 1 || layered != 1 {
					t.Errorf("a put took %d plain requests and %d of the client, want 1 and 1", plain, layered)
				}
				if test.pause > 0 {
					put()
					if plain, layered := requests.counts(); plain != 0 || layered != 1 {
						t.Errorf("the next put took %d plain requests and %d of the client, want 0 and 1", plain, layered)
					}
				}
				time.Sleep(test.pause)
				put()
				if plain, layered := requests.counts(); plain != 1 || layered != 0 {
					t.Errorf("a later put took %d plain requests and %d of the client, want 1 and 0", plain, layered)
				}
			})
		})
	}
}

// keeping returns from a request before it has read its body, as a transport may, and keeps it.
type keeping struct{ bodies chan io.Reader }

func (k *keeping) RoundTrip(request *http.Request) (*http.Response, error) {
	k.bodies <- request.Body
	<-request.Context().Done()
	return nil, request.Context().Err()
}

// TestPlainPutLendsBytes changes the bytes of a put that has returned, while the transport still has
// its body.
func TestPlainPutLendsBytes(t *testing.T) {
	kept := &keeping{bodies: make(chan io.Reader, 1)}
	requests := &puts{}
	endpoint := fakes3.New(fakes3.Options{}).Start(t)
	store := open(t, endpoint, s3.Options{Around: func(next http.RoundTripper) http.RoundTripper { requests.next = next; return requests }})
	data := []byte("data")
	if _, err := store.Put(t.Context(), tranship.Spec{Path: "d/first"}, data); err != nil {
		t.Fatal(err)
	}
	requests.next = kept
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := store.Put(ctx, tranship.Spec{Path: "d/second"}, data)
		done <- err
	}()
	body := <-kept.bodies
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatalf("Put: %v, want the error of its context", err)
	}
	data[0] = 'x' // which the race detector sees if the body still has the bytes
	if n, err := body.Read(make([]byte, 10)); n != 0 || err == nil {
		t.Errorf("the body has %d bytes, %v after the put", n, err)
	}
}
