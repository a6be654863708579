package s3_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/store/s3"
)

// TestSmallUploadsShareMemory closes the writers of many small uploads before it commits any,
// with memory for one of them.
func TestSmallUploadsShareMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := fakes3.New(fakes3.Options{})
		store := near(t, engine, s3.Options{PartSize: part, Memory: part})
		probed := engine.Requests()["CreateMultipartUpload"]
		once := tranship.Precondition{MustNotExist: true}
		var uploads []tranship.Upload
		for n := range 5 {
			upload, err := store.Begin(t.Context(), tranship.Spec{Path: fmt.Sprint(n), Size: new(int64(part)), Precondition: once})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			w, err := upload.Part(ctx, 0)
			if err != nil {
				t.Fatalf("Part of upload %d, while closed ones are not committed: %v", n, err)
			}
			if _, err := w.Write(random(byte(n), part)); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			cancel()
			uploads = append(uploads, upload)
		}
		for n, upload := range uploads {
			commit(t, upload, random(byte(n), part))
			has(t, store, fmt.Sprint(n), random(byte(n), part))
		}
		if made := engine.Requests()["CreateMultipartUpload"] - probed; made != 4 {
			t.Errorf("%d uploads were sent before their commit, want 4 of 5", made)
		}
	})
}

// TestSmallUploadWaits closes a small upload while another caller waits for memory already. A
// part of a large one waits too.
func TestSmallUploadWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := fakes3.New(fakes3.Options{})
		store := near(t, engine, s3.Options{PartSize: part, Memory: part})
		small, large := begin(t, store, "small", "", random(1, 10)), begin(t, store, "large", "key", random(2, 2*part))
		w, err := small.Part(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		begun := make(chan error, 1)
		go func() {
			begun <- errors.Join(writeOne(t, large, 0, random(2, 2*part)), writeOne(t, large, 1, random(2, 2*part)))
		}()
		synctest.Wait()
		if len(begun) != 0 {
			t.Fatal("a part was begun without memory")
		}
		if _, err := w.Write(random(1, 10)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-begun; err != nil {
			t.Fatal(err)
		}
		commit(t, large, random(2, 2*part))
		commit(t, small, random(1, 10))
		has(t, store, "small", random(1, 10))
		has(t, store, "large", random(2, 2*part))
	})
}

// TestSmallUploadIsOneRequest commits small uploads while there is memory.
func TestSmallUploadIsOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := fakes3.New(fakes3.Options{})
		store := near(t, engine, s3.Options{PartSize: part, Memory: 2 * part})
		probed := engine.Requests()["CreateMultipartUpload"]
		for range 5 {
			upload := begin(t, store, "file", "", random(1, part))
			writePart(t, upload, 0, random(1, part))
			commit(t, upload, random(1, part))
		}
		if made := engine.Requests()["CreateMultipartUpload"] - probed; made != 0 {
			t.Errorf("%d of 5 small uploads were sent in parts", made)
		}
	})
}
