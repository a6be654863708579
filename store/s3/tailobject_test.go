package s3_test

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/store/s3"
)

// counting counts the bytes that are sent for tails.
type counting struct {
	http.RoundTripper
	sent atomic.Int64
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPut && strings.Contains(r.URL.Path, own+"tails/") {
		c.sent.Add(r.ContentLength)
	}
	return c.RoundTripper.RoundTrip(r)
}

// TestTailBytes counts the bytes of tails that an upload in pieces sends to the engine, besides those
// of its parts. A tail that was stored anew for each piece would send half a part each time.
func TestTailBytes(t *testing.T) {
	for name, test := range map[string]struct {
		piece, size int
		most        int64
	}{
		"a 16th of a part":  {1 << 10, 40 << 10, 40 << 10},
		"a third of a 16th": {341, 40 << 10, 3 * 40 << 10},
		"a 64th of a part":  {256, 40 << 10, 3 * 40 << 10},
		"a third of a part": {5333, 40 << 10, 40 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				engine := fakes3.New(fakes3.Options{})
				count := &counting{RoundTripper: fakes3.Transport{Server: engine}}
				store := open(t, "http://engine", s3.Options{PartSize: 16 << 10, Transport: count})
				data := random(1, test.size)
				for at := 0; at < test.size; {
					upload := begin(t, store, "file", "key", data)
					end := min(at+test.piece, test.size)
					for at < end {
						now := min(end, at-at%(16<<10)+16<<10)
						var err error
						if at%(16<<10) != 0 {
							err = continueTail(t, upload, data, now)
						} else {
							w, failed := upload.Part(t.Context(), at/(16<<10))
							if failed != nil {
								t.Fatal(failed)
							}
							err = closeTail(t, w, data[at:now])
						}
						if err != nil {
							t.Fatal(err)
						}
						at = now
					}
					if err := upload.Sync(t.Context()); err != nil {
						t.Fatal(err)
					}
					if objects, _ := engine.Keys(own + "tails/"); objects > 16 {
						t.Fatalf("a tail has %d objects", objects)
					}
					if at < test.size {
						if err := upload.Detach(t.Context()); err != nil {
							t.Fatal(err)
						}
						continue
					}
					commit(t, upload, data)
				}
				has(t, store, "file", data)
				keepsTails(t, engine, 0)
				if sent := count.sent.Load(); sent > test.most {
					t.Errorf("%d bytes of tails were sent for %d bytes in pieces of %d, want at most %d", sent, test.size, test.piece, test.most)
				} else {
					t.Logf("%d bytes of tails were sent for %d bytes in pieces of %d", sent, test.size, test.piece)
				}
			})
		})
	}
}

// grownTail returns an upload with a tail of three objects, which has the first 300 bytes of data.
func grownTail(t *testing.T, store *s3.Store, data []byte) tranship.Upload {
	t.Helper()
	upload := begin(t, store, "file", "key", data)
	if err := keepTail(t, upload, 0, data, 100); err != nil {
		t.Fatal(err)
	}
	for _, end := range []int{200, 300} {
		if err := continueTail(t, upload, data, end); err != nil {
			t.Fatal(err)
		}
	}
	hasTail(t, upload, data, 0, 300)
	return upload
}

// TestTailLosesObject has an object of a tail vanish or change. Once a server has found out, none
// reports the tail again: a client that is told of it would send the same bytes for ever.
func TestTailLosesObject(t *testing.T) {
	for name, lose := range map[string]struct {
		do   func(engine *fakes3.Server)
		want error
	}{
		"missing": {func(engine *fakes3.Server) {
			engine.Inject(fakes3.Fault{Operation: "GetObject", Key: own + "tails/", Times: 1, Skip: 1, Status: http.StatusNotFound, Code: "NoSuchKey"})
		}, tranship.ErrNotFound},
		"changed": {func(engine *fakes3.Server) { engine.Damage("") }, tranship.ErrIntegrity},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				engine := fakes3.New(fakes3.Options{})
				one, two := near(t, engine, s3.Options{PartSize: part}), near(t, engine, s3.Options{PartSize: part})
				data := random(1, part)
				upload := grownTail(t, one, data)
				keepsTails(t, engine, 3)
				lose.do(engine)
				if _, err := continued(t, upload); !errors.Is(err, lose.want) {
					t.Fatalf("ContinuePart: %v, want %v", err, lose.want)
				}
				hasTail(t, upload, data, 0, 0)
				if err := upload.Detach(t.Context()); err != nil {
					t.Fatal(err)
				}
				keepsTails(t, engine, 0)
				upload = begin(t, two, "file", "key", data)
				hasTail(t, upload, data, 0, 0)
				writePart(t, upload, 0, data)
				commit(t, upload, data)
				has(t, one, "file", data)
			})
		})
	}
}

// TestTailFailsAtObject has the engine fail while one object of a tail is read or stored. The upload
// keeps the tail.
func TestTailFailsAtObject(t *testing.T) {
	for _, operation := range []string{"GetObject", "PutObject"} {
		t.Run(operation, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				engine := fakes3.New(fakes3.Options{})
				one, two := near(t, engine, s3.Options{PartSize: part, Memory: part}), near(t, engine, s3.Options{PartSize: part})
				data := random(1, part)
				upload := grownTail(t, one, data)
				engine.Inject(fakes3.Fault{Operation: operation, Key: own + "tails/", Status: http.StatusForbidden, Code: "AccessDenied"})
				w, err := continued(t, upload)
				if err == nil {
					err = closeTail(t, w, data[300:400])
				}
				if !errors.Is(err, tranship.ErrDenied) {
					t.Fatalf("the failure is %v, want ErrDenied", err)
				}
				engine.Heal()
				hasTail(t, upload, data, 0, 300)
				keepsTails(t, engine, 3)
				upload = begin(t, two, "file", "key", data)
				if err := continueTail(t, upload, data, part); err != nil {
					t.Fatal(err)
				}
				commit(t, upload, data)
				has(t, one, "file", data)
				keepsTails(t, engine, 0)
			})
		})
	}
}

// TestTailIsOvertaken has another server replace a tail, and remove its objects, while one stores the
// bytes that continue it.
func TestTailIsOvertaken(t *testing.T) {
	for name, overtake := range map[string]func(t *testing.T, joined tranship.Upload, data []byte) (first, end int){
		"by a tail of another part": func(t *testing.T, joined tranship.Upload, data []byte) (first, end int) {
			if err := keepTail(t, joined, 1, data, part+50); err != nil {
				t.Fatal(err)
			}
			return part, part + 50
		},
		"by a part that is begun again": func(t *testing.T, joined tranship.Upload, _ []byte) (first, end int) {
			if _, err := joined.Part(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			return 0, 0
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				engine := fakes3.New(fakes3.Options{})
				one, two := near(t, engine, s3.Options{PartSize: part}), near(t, engine, s3.Options{PartSize: part})
				data := random(1, 2*part)
				upload := grownTail(t, one, data)
				joined := join(t, two, upload)
				held, late := make(chan struct{}), make(chan error)
				engine.Inject(fakes3.Fault{Operation: "PutObject", Key: own + "tails/", Times: 1, Before: func() { <-held }})
				go func() { late <- continueTail(t, upload, data, 400) }()
				synctest.Wait()
				first, end := overtake(t, joined, data)
				close(held)
				if err := <-late; !errors.Is(err, tranship.ErrAborted) {
					t.Fatalf("CloseTail: %v, want ErrAborted", err)
				}
				hasTail(t, upload, data, first, end)
				keepsTails(t, engine, min(end-first, 1))
				upload = begin(t, one, "file", "key", data)
				hasTail(t, upload, data, first, end)
				writeParts(t, upload, data)
				commit(t, upload, data)
				has(t, two, "file", data)
				keepsTails(t, engine, 0)
			})
		})
	}
}

// TestTailOfOtherPart has an upload continue a tail after that of another part has taken its place. The
// bytes that were in objects of the earlier tail are stored again.
func TestTailOfOtherPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := fakes3.New(fakes3.Options{})
		one, two := near(t, engine, s3.Options{PartSize: part}), near(t, engine, s3.Options{PartSize: part})
		data := random(1, 2*part)
		upload := grownTail(t, one, data)
		w, err := continued(t, upload)
		if err != nil {
			t.Fatal(err)
		}
		if err := keepTail(t, upload, 1, data, part+50); err != nil {
			t.Fatal(err)
		}
		keepsTails(t, engine, 1)
		if err := closeTail(t, w, data[300:400]); err != nil {
			t.Fatal(err)
		}
		keepsTails(t, engine, 1)
		upload = begin(t, two, "file", "key", data)
		hasTail(t, upload, data, 0, 400)
		if err := continueTail(t, upload, data, part); err != nil {
			t.Fatal(err)
		}
		writePart(t, upload, 1, data)
		commit(t, upload, data)
		has(t, one, "file", data)
	})
}

// TestTailSweepKeepsObjects has the sweep look for leftovers when the objects of a tail are old.
func TestTailSweepKeepsObjects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := fakes3.New(fakes3.Options{})
		store := near(t, engine, s3.Options{PartSize: part})
		data := random(1, part)
		upload := grownTail(t, store, data)
		time.Sleep(30 * time.Hour)
		if err := store.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		keepsTails(t, engine, 3)
		if err := continueTail(t, upload, data, part); err != nil {
			t.Fatal(err)
		}
		commit(t, upload, data)
		has(t, store, "file", data)
		keepsTails(t, engine, 0)
	})
}
