package s3_test

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/store/s3"
)

// own is what the keys of the store's own objects begin with.
const own = ".tranship/"

// TestLatePart has a part of one server arrive after another has taken over the upload, and
// sent the part with other bytes.
func TestLatePart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := fakes3.New(fakes3.Options{})
		one, two := near(t, engine, s3.Options{PartSize: part}), near(t, engine, s3.Options{PartSize: part})
		data, stale := random(1, 3*part), random(2, 3*part)
		older := begin(t, one, "file", "key", data)
		held := make(chan struct{})
		engine.Inject(fakes3.Fault{Operation: "UploadPart", Times: 1, Before: func() { <-held }})
		writePart(t, older, 1, stale)
		synctest.Wait()

		upload := begin(t, two, "file", "key", data)
		writeParts(t, upload, data)
		if err := upload.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		close(held)
		synctest.Wait()
		_, err := upload.Commit(t.Context(), tranship.Commit{Size: 3 * part})
		if !errors.Is(err, tranship.ErrUnavailable) {
			t.Fatalf("Commit with a part that was written again: %v, want ErrUnavailable", err)
		}
		if err := upload.Detach(t.Context()); err != nil {
			t.Fatal(err)
		}
		upload = begin(t, two, "file", "key", data)
		for _, r := range upload.Durable() {
			if want := tranship.CRC32C(data[r.Offset : r.Offset+r.Length]); *r.CRC32C != want {
				writePart(t, upload, int(r.Offset/part), data)
			}
		}
		commit(t, upload, data)
		has(t, one, "file", data)
		if _, err := older.Commit(t.Context(), tranship.Commit{Size: 3 * part}); !errors.Is(err, tranship.ErrAborted) {
			t.Fatalf("Commit of the older upload: %v, want ErrAborted", err)
		}
	})
}

// TestTakeoverOfCommit takes over an upload whose server has died after it has sent the last
// request of a commit.
func TestTakeoverOfCommit(t *testing.T) {
	for name, fault := range map[string]fakes3.Fault{
		"before":      {Operation: "CompleteMultipartUpload", Status: http.StatusForbidden, Code: "AccessDenied"},
		"after":       {Operation: "CompleteMultipartUpload", Done: true, Status: http.StatusForbidden, Code: "AccessDenied"},
		"not noted":   {Operation: "PutObject", Key: own + "uploads", Skip: 1, Status: http.StatusForbidden, Code: "AccessDenied"},
		"not begun":   {Operation: "PutObject", Key: own + "uploads", Status: http.StatusForbidden, Code: "AccessDenied"},
		"not checked": {Operation: "HeadObject", Key: "file", Skip: 1, Status: http.StatusForbidden, Code: "AccessDenied"},
	} {
		for _, lying := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					engine := fakes3.New(fakes3.Options{FalseComplete: lying})
					one, two := near(t, engine, s3.Options{PartSize: part}), near(t, engine, s3.Options{PartSize: part})
					data := random(1, 2*part+5)
					dying := begin(t, one, "file", "key", data)
					writeParts(t, dying, data)
					if err := dying.Sync(t.Context()); err != nil {
						t.Fatal(err)
					}
					engine.Inject(fault)
					told, err := dying.Commit(t.Context(), tranship.Commit{Size: int64(len(data))})
					engine.Heal()

					upload := begin(t, two, "file", "key", data)
					durable := upload.Durable()
					if len(durable) != 3 {
						t.Fatalf("the upload has %d parts, want 3", len(durable))
					}
					file := commit(t, upload, data)
					if err == nil && told.Version != file.Version {
						t.Fatalf("the client was told of version %s, and the file has %s", told.Version, file.Version)
					}
					has(t, one, "file", data)
				})
			})
		}
	}
}

// TestLateCommit has an older server's commit arrive while a newer one goes on with the upload.
func TestLateCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := fakes3.New(fakes3.Options{FalseComplete: true})
		one, two := near(t, engine, s3.Options{PartSize: part}), near(t, engine, s3.Options{PartSize: part})
		data, changed := random(1, 2*part), random(2, 2*part)
		older := begin(t, one, "file", "key", data)
		writeParts(t, older, data)
		held := make(chan struct{})
		engine.Inject(fakes3.Fault{Operation: "CompleteMultipartUpload", Times: 1, Before: func() { <-held }})
		type outcome struct {
			file tranship.File
			err  error
		}
		ended := make(chan outcome, 1)
		go func() {
			file, err := older.Commit(t.Context(), tranship.Commit{Size: 2 * part})
			ended <- outcome{file, err}
		}()
		synctest.Wait()

		upload := begin(t, two, "file", "key", changed)
		close(held)
		synctest.Wait()
		first := <-ended
		if first.err == nil {
			has(t, two, "file", data)
		}
		// The newer upload sends other bytes: it must not be told that they are there.
		for n := range 2 {
			w, err := upload.Part(t.Context(), n)
			if err != nil {
				break
			}
			_, _ = w.Write(changed[n*part : (n+1)*part])
			_ = w.Close()
		}
		if file, err := upload.Commit(t.Context(), tranship.Commit{Size: 2 * part, CRC32C: new(tranship.CRC32C(changed))}); err == nil {
			t.Fatalf("the newer upload has committed %+v although the engine had its parts no longer", file)
		}
		if err := upload.Detach(t.Context()); err != nil {
			t.Fatal(err)
		}
		has(t, one, "file", data)
	})
}

// TestLateAttributes has an older server store the attributes of its commit after a newer
// server has committed.
func TestLateAttributes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := fakes3.New(fakes3.Options{})
		one, two := near(t, engine, s3.Options{PartSize: part}), near(t, engine, s3.Options{PartSize: part})
		data := random(1, 2*part)
		older := begin(t, one, "file", "key", data)
		writeParts(t, older, data)
		if err := older.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		held := make(chan struct{})
		engine.Inject(fakes3.Fault{Operation: "PutObject", Key: own + "attributes", Times: 1, Before: func() { <-held }})
		ended := make(chan error, 1)
		go func() {
			_, err := older.Commit(t.Context(), tranship.Commit{Size: 2 * part, Attributes: tranship.Attributes{Mode: new(fs.FileMode(0o700))}})
			ended <- err
		}()
		synctest.Wait()

		upload := begin(t, two, "file", "key", data)
		file, err := upload.Commit(t.Context(), tranship.Commit{Size: 2 * part, Attributes: tranship.Attributes{Mode: new(fs.FileMode(0o400))}})
		if err != nil {
			t.Fatal(err)
		}
		close(held)
		if err := <-ended; !errors.Is(err, tranship.ErrAborted) {
			t.Fatalf("Commit of the older upload: %v, want ErrAborted", err)
		}
		third := near(t, engine, s3.Options{PartSize: part})
		if got := has(t, third, "file", data); got.Mode != 0o400 || got.Version != file.Version {
			t.Fatalf("the file is %+v, and the commit made %+v", got, file)
		}
	})
}

// TestExpiry lets uploads expire, on engines whose clocks are wrong.
func TestExpiry(t *testing.T) {
	for _, skew := range []time.Duration{0, time.Hour, -time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			engine := fakes3.New(fakes3.Options{ClockSkew: skew})
			store := near(t, engine, s3.Options{PartSize: part, UploadExpiry: 72 * time.Hour})
			data := random(1, 2*part)
			begin(t, store, "committed", "key", data)
			committed := begin(t, store, "committed", "key", data)
			writeParts(t, committed, data)
			commit(t, committed, data)
			lost := near(t, engine, s3.Options{PartSize: part}) // it is not heard of again
			for _, key := range []string{"key", ""} {
				upload := begin(t, lost, "lost", key, data)
				writePart(t, upload, 0, data)
			}
			synctest.Wait()
			older := begin(t, store, "file", "key", data)
			writePart(t, older, 0, data)
			time.Sleep(70 * time.Hour)
			if objects, _ := engine.Keys(own + "uploads"); objects != 2 {
				t.Errorf("after 70 hours there are %d sessions, want 2: the commit is forgotten", objects)
			}
			if _, uploads := engine.Keys(""); uploads != 3 {
				t.Errorf("after 70 hours there are %d uploads, want 3", uploads)
			}
			writePart(t, older, 1, data) // defers the expiry
			time.Sleep(70 * time.Hour)
			if _, uploads := engine.Keys(""); uploads != 1 {
				t.Errorf("after 140 hours there are %d uploads, want the one that was written to", uploads)
			}
			time.Sleep(10 * time.Hour)
			if objects, uploads := engine.Keys(""); uploads != 0 || objects != 2 {
				t.Errorf("in the end there are %d objects and %d uploads, want the file with its record, and none", objects, uploads)
			}
			if _, err := older.Commit(t.Context(), tranship.Commit{Size: 2 * part}); !errors.Is(err, tranship.ErrAborted) {
				t.Errorf("Commit of an upload that has expired: %v, want ErrAborted", err)
			}
			has(t, store, "committed", data)
		})
	}
}

// TestLeaseOfDeadServer changes a file that a server had a lease of when it died.
func TestLeaseOfDeadServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := fakes3.New(fakes3.Options{ClockSkew: 48 * time.Hour})
		one, two := near(t, engine, s3.Options{}), near(t, engine, s3.Options{})
		file, err := one.Put(t.Context(), tranship.Spec{Path: "file"}, []byte("data"))
		if err != nil {
			t.Fatal(err)
		}
		engine.Inject(fakes3.Fault{Operation: "DeleteObject", Key: own + "changes", Times: 1, Status: http.StatusForbidden, Code: "AccessDenied"})
		mode := tranship.Attributes{Mode: new(fs.FileMode(0o600))}
		if _, err := one.SetAttributes(t.Context(), "file", mode, tranship.Precondition{MustMatchRevision: file.Revision()}); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		if _, err := two.Put(t.Context(), tranship.Spec{Path: "file", Precondition: tranship.Precondition{MustMatchVersion: file.Version}}, []byte("new")); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took < 30*time.Second || took > 2*time.Minute {
			t.Errorf("the lease of a server that died held up a change for %v, want about a minute", took)
		}
	})
}

// TestMemory begins more parts than there is memory for.
func TestMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := fakes3.New(fakes3.Options{})
		store := near(t, engine, s3.Options{PartSize: part, Memory: 2 * part})
		data := random(1, 4*part)
		upload := begin(t, store, "file", "", data)
		var writers []tranship.PartWriter
		for n := range 2 {
			w, err := upload.Part(t.Context(), n)
			if err != nil {
				t.Fatal(err)
			}
			writers = append(writers, w)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := upload.Part(ctx, 2); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Part without memory: %v, want a wait", err)
		}
		held := make(chan struct{})
		engine.Inject(fakes3.Fault{Operation: "UploadPart", Times: 1, Before: func() { <-held }})
		if _, err := writers[0].Write(data[:part]); err != nil {
			t.Fatal(err)
		}
		if err := writers[0].Close(); err != nil {
			t.Fatal(err)
		}
		begun := make(chan struct{})
		go func() {
			writePart(t, upload, 2, data)
			close(begun)
		}()
		synctest.Wait()
		select {
		case <-begun:
			t.Fatal("a part was begun while the engine did not have the one before")
		default:
		}
		close(held)
		<-begun
		if _, err := writers[1].Write(data[part : 2*part]); err != nil {
			t.Fatal(err)
		}
		if err := writers[1].Close(); err != nil {
			t.Fatal(err)
		}
		writePart(t, upload, 3, data)
		commit(t, upload, data)
		has(t, store, "file", data)
	})
}
