package s3_test

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/store/s3"
)

// flipping is a way to an engine that returns a wrong byte of each object, at an offset.
type flipping struct {
	http.RoundTripper
	at int
}

// RoundTrip implements http.RoundTripper.
func (f flipping) RoundTrip(request *http.Request) (*http.Response, error) {
	reply, err := f.RoundTripper.RoundTrip(request)
	if err == nil && request.Method == http.MethodGet {
		reply.Body = &flipped{reply.Body, f.at}
	}
	return reply, err
}

type flipped struct {
	io.ReadCloser
	left int
}

func (f *flipped) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	if f.left >= 0 && f.left < n {
		p[f.left] ^= 1
	}
	f.left -= n
	return n, err
}

// TestWrongBytes reads files of which the engine returns a wrong byte. The reader must be told,
// also if the engine knows no checksums.
func TestWrongBytes(t *testing.T) {
	for name, options := range map[string]fakes3.Options{"checksums": {}, "no checksums": {NoChecksum: true}} {
		for _, at := range []int{0, part + 7, 3*part - 1} {
			t.Run(name, func(t *testing.T) {
				engine := fakes3.New(options)
				data := random(1, 3*part)
				store := open(t, "http://engine", s3.Options{PartSize: part, Transport: fakes3.Transport{Server: engine}})
				if _, err := store.Put(t.Context(), tranship.Spec{Path: "put"}, data); err != nil {
					t.Fatal(err)
				}
				upload := begin(t, store, "parts", "key", data)
				writeParts(t, upload, data)
				commit(t, upload, data)

				wrong := open(t, "http://engine", s3.Options{PartSize: part, ReadOnly: true, Transport: flipping{fakes3.Transport{Server: engine}, at}})
				for _, path := range []string{"put", "parts"} {
					content, err := wrong.Open(t.Context(), path, tranship.OpenOptions{})
					if err != nil {
						t.Fatal(err)
					}
					got, err := io.ReadAll(content)
					_ = content.Close() // it was only read from
					if !errors.Is(err, tranship.ErrIntegrity) {
						t.Errorf("reading %s with byte %d wrong: %d bytes, %v; want ErrIntegrity", path, at, len(got), err)
					}
					if _, _, err := wrong.Fetch(t.Context(), path, int64(len(data))); !errors.Is(err, tranship.ErrIntegrity) {
						t.Errorf("Fetch of %s with byte %d wrong: %v, want ErrIntegrity", path, at, err)
					}
				}
			})
		}
	}
}

// TestErrorsInReplies has the engine report an error in the body of a reply with status 200, as S3
// does when it works for long.
func TestErrorsInReplies(t *testing.T) {
	for _, operation := range []string{"CompleteMultipartUpload", "UploadPartCopy", "CopyObject"} {
		for _, done := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				engine := fakes3.New(fakes3.Options{})
				store := near(t, engine, s3.Options{PartSize: part})
				engine.Inject(fakes3.Fault{Operation: operation, Every: 2, Status: http.StatusOK, Code: "InternalError", Done: done})
				work(t, store)
			})
		}
	}
}

// TestRefusedForSkew uses engines that refuse requests because this machine's clock is wrong.
func TestRefusedForSkew(t *testing.T) {
	for _, skew := range []time.Duration{-48 * time.Hour, -time.Hour, time.Hour, 48 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			engine := fakes3.New(fakes3.Options{ClockSkew: skew, CheckDates: true})
			work(t, near(t, engine, s3.Options{PartSize: part}))
		})
	}
}
