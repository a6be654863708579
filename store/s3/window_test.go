package s3_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/store/s3"
)

// TestWindow begins more parts of one upload than may be in memory while the engine takes none:
// the next one waits, while another upload goes on, until the engine has taken one.
func TestWindow(t *testing.T) {
	engine := fakes3.New(fakes3.Options{})
	store := open(t, engine.Start(t), s3.Options{PartSize: 32 << 20})
	taken := make(chan struct{})
	take := sync.OnceFunc(func() { close(taken) })
	t.Cleanup(take)
	engine.Inject(fakes3.Fault{Operation: "UploadPart", Key: "large", Before: func() { <-taken }})
	begin := func(path string) tranship.Upload {
		upload, err := store.Begin(t.Context(), tranship.Spec{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		return upload
	}
	write := func(upload tranship.Upload, n int) error {
		w, err := upload.Part(t.Context(), n)
		if err != nil {
			return err
		}
		// A short part of an upload of unknown size takes the memory of a whole one.
		_, err = w.Write([]byte("a"))
		return errors.Join(err, w.Close())
	}
	large, other := begin("large"), begin("other")
	for n := range 2 {
		if err := write(large, n); err != nil {
			t.Fatal(err)
		}
	}
	third := make(chan error, 1)
	go func() { third <- write(large, 2) }()
	for n := range 4 {
		if err := write(other, n); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case err := <-third:
		t.Fatalf("a third part of 32 MiB is in memory: %v", err)
	default:
	}
	take()
	if err := <-third; err != nil {
		t.Error(err)
	}
	if err := errors.Join(large.Abort(t.Context()), other.Abort(t.Context())); err != nil {
		t.Error(err)
	}
}
