package s3_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/store/s3"
)

// TestResumedWhileCompleting resumes an upload while the engine makes the file for a server that has
// died. Nothing of the file may have to be sent again.
func TestResumedWhileCompleting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		completing, goOn := make(chan struct{}), make(chan struct{})
		engine := fakes3.New(fakes3.Options{Completing: func() {
			close(completing)
			<-goOn
		}})
		one, two := near(t, engine, s3.Options{PartSize: part}), near(t, engine, s3.Options{PartSize: part})
		data := random(1, 2*part+5)
		dying := begin(t, one, "file", "key", data)
		writeParts(t, dying, data)
		ctx, die := context.WithCancel(t.Context())
		died := make(chan error, 1)
		go func() {
			_, err := dying.Commit(ctx, tranship.Commit{Size: int64(len(data))})
			died <- err
		}()
		<-completing
		die()
		if err := <-died; err == nil {
			t.Fatal("a commit has succeeded before the file is there")
		}
		for upload, err := range two.ListUploads(t.Context(), "") {
			if err != nil || upload.DurableBytes != int64(len(data)) {
				t.Errorf("while the file is made: %+v, %v; want all %d bytes durable", upload, err, len(data))
			}
		}
		time.AfterFunc(time.Second, func() { close(goOn) })
		upload := begin(t, two, "file", "key", data)
		if durable := upload.Durable(); len(durable) != 3 {
			t.Errorf("the resumed upload has %d parts, want 3", len(durable))
		}
		commit(t, upload, data)
		has(t, one, "file", data)
		if sent := engine.Requests()["UploadPart"]; sent > 3+probedParts(t) {
			t.Errorf("the store has sent %d parts of a file that has 3", sent-probedParts(t))
		}
	})
}

// probedParts is how many parts two stores send when they are opened.
func probedParts(t *testing.T) int {
	t.Helper()
	engine := fakes3.New(fakes3.Options{})
	near(t, engine, s3.Options{PartSize: part})
	return 2 * engine.Requests()["UploadPart"]
}

// TestCommittedWhileCompleting repeats a commit while the engine makes the file, after its reply
// was lost.
func TestCommittedWhileCompleting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := fakes3.New(fakes3.Options{Completing: func() { time.Sleep(time.Second) }})
		store := near(t, engine, s3.Options{PartSize: part})
		for _, key := range []string{"", "key"} {
			data := random(1, 2*part+5)
			upload := begin(t, store, "file", key, data)
			writeParts(t, upload, data)
			ctx, lose := context.WithTimeout(t.Context(), time.Second/2)
			_, err := upload.Commit(ctx, tranship.Commit{Size: int64(len(data))})
			lose()
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("the reply that is lost: %v", err)
			}
			commit(t, upload, data)
			has(t, store, "file", data)
		}
	})
}

// TestAbortedWhileCommitted resumes an upload whose parts the engine has removed after a server tried
// to commit it.
func TestAbortedWhileCommitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := fakes3.New(fakes3.Options{})
		store := near(t, engine, s3.Options{PartSize: part})
		data := random(1, 2*part+5)
		dying := begin(t, store, "file", "key", data)
		writeParts(t, dying, data)
		engine.Inject(fakes3.Fault{Operation: "CompleteMultipartUpload", Status: 403, Code: "AccessDenied"})
		if _, err := dying.Commit(t.Context(), tranship.Commit{Size: int64(len(data))}); err == nil {
			t.Fatal("a refused commit has succeeded")
		}
		engine.Heal()
		engine.AbortUploads()
		begun := time.Now()
		upload := begin(t, store, "file", "key", data)
		if took := time.Since(begun); took > 3*time.Second || len(upload.Durable()) != 0 {
			t.Errorf("after %v the upload has %d parts of those that the engine has removed", took, len(upload.Durable()))
		}
		writeParts(t, upload, data)
		commit(t, upload, data)
		has(t, store, "file", data)
	})
}
