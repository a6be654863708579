package s3_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/store/s3"
)

// near opens a store on an engine in this process, for virtual time. It must be closed.
func near(t *testing.T, engine *fakes3.Server, options s3.Options) *s3.Store {
	t.Helper()
	options.Transport = fakes3.Transport{Server: engine}
	return open(t, "http://engine", options)
}

// random returns bytes that look random.
func random(seed byte, n int) []byte {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(data)
	return data
}

// part is the length of parts in these tests.
const part = 1000

// writeParts writes all parts of an upload.
func writeParts(t *testing.T, upload tranship.Upload, data []byte) {
	t.Helper()
	for n := range (len(data) + int(upload.PartSize()) - 1) / int(upload.PartSize()) {
		writePart(t, upload, n, data)
	}
}

// writePart writes one part of data.
func writePart(t *testing.T, upload tranship.Upload, n int, data []byte) {
	t.Helper()
	w, err := upload.Part(t.Context(), n)
	if err != nil {
		t.Fatalf("Part(%d): %v", n, err)
	}
	size := int(upload.PartSize())
	if _, err := w.Write(data[n*size : min((n+1)*size, len(data))]); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// begin begins an upload of data; resumable if key is not empty.
func begin(t *testing.T, store *s3.Store, path, key string, data []byte) tranship.Upload {
	t.Helper()
	upload, err := store.Begin(t.Context(), tranship.Spec{Path: path, Size: new(int64(len(data))), ResumeKey: key})
	if err != nil {
		t.Fatalf("Begin: %v", err)
	}
	return upload
}

// commit commits an upload of data.
func commit(t *testing.T, upload tranship.Upload, data []byte) tranship.File {
	t.Helper()
	file, err := upload.Commit(t.Context(), tranship.Commit{Size: int64(len(data)), CRC32C: new(tranship.CRC32C(data))})
	if err != nil {
		t.Fatalf("Commit: %v", err)
	}
	return file
}

// has checks the content of a file.
func has(t *testing.T, store *s3.Store, path string, data []byte) tranship.File {
	t.Helper()
	content, err := store.Open(t.Context(), path, tranship.OpenOptions{})
	if err != nil {
		t.Fatalf("Open(%s): %v", path, err)
	}
	defer content.Close()
	got, err := io.ReadAll(content)
	if err != nil || !bytes.Equal(got, data) {
		t.Fatalf("%s has %d bytes, %v; want %d others", path, len(got), err, len(data))
	}
	return content.File()
}

// work makes changes of all kinds, which must succeed.
func work(t *testing.T, store *s3.Store) {
	t.Helper()
	data := random(1, 3*part+10)
	once := tranship.Precondition{MustNotExist: true}
	if _, err := store.Put(t.Context(), tranship.Spec{Path: "d/put", Precondition: once}, data[:100]); err != nil {
		t.Fatalf("Put: %v", err)
	}
	for i, key := range []string{"", "key"} {
		path := fmt.Sprintf("d/upload%d", i)
		spec := tranship.Spec{Path: path, Size: new(int64(len(data))), ResumeKey: key, Precondition: once}
		upload, err := store.Begin(t.Context(), spec)
		if err != nil {
			t.Fatalf("Begin: %v", err)
		}
		writeParts(t, upload, data)
		if err := upload.Sync(t.Context()); err != nil {
			t.Fatalf("Sync: %v", err)
		}
		file := commit(t, upload, data)
		if got := has(t, store, path, data); got.Version != file.Version {
			t.Fatalf("the file has version %s, and the commit made %s", got.Version, file.Version)
		}
	}
	file, err := store.Copy(t.Context(), "d/upload0", "copied", once)
	if err != nil {
		t.Fatalf("Copy: %v", err)
	}
	changed, err := store.SetAttributes(t.Context(), "copied", tranship.Attributes{Metadata: map[string]string{"key": "value"}}, tranship.Precondition{MustMatchRevision: file.Revision()})
	if err != nil {
		t.Fatalf("SetAttributes: %v", err)
	}
	if _, err := store.Move(t.Context(), "copied", "moved", tranship.Precondition{MustMatchSourceVersion: changed.Version}); err != nil {
		t.Fatalf("Move: %v", err)
	}
	if got := has(t, store, "moved", data); got.Metadata["key"] != "value" {
		t.Fatalf("the moved file is %+v", got)
	}
	names := ""
	for entry, err := range store.List(t.Context(), tranship.ListOptions{Recursive: true}) {
		if err != nil {
			t.Fatalf("List: %v", err)
		}
		names += entry.Path + " "
		if err := store.Remove(t.Context(), entry.Path, tranship.Precondition{MustMatchVersion: entry.Version}); err != nil {
			t.Fatalf("Remove: %v", err)
		}
	}
	if names != "d/put d/upload0 d/upload1 moved " {
		t.Fatalf("List has %q", names)
	}
}

// operations are those that the store uses for its work.
var operations = []string{
	"ListObjectsV2", "ListParts", "GetObject", "HeadObject", "PutObject", "DeleteObject", "CreateMultipartUpload",
	"UploadPart", "UploadPartCopy", "CompleteMultipartUpload", "AbortMultipartUpload",
}

// TestRefusals fails the first requests of each operation, as an engine does that has too much
// to do.
func TestRefusals(t *testing.T) {
	for status, code := range map[int]string{http.StatusInternalServerError: "InternalError", http.StatusServiceUnavailable: "SlowDown"} {
		synctest.Test(t, func(t *testing.T) {
			engine := fakes3.New(fakes3.Options{})
			store := near(t, engine, s3.Options{PartSize: part})
			for _, operation := range operations {
				engine.Inject(fakes3.Fault{Operation: operation, Times: 3, Status: status, Code: code})
			}
			work(t, store)
		})
	}
}

// TestLostReplies loses the reply to each request of one operation in turn, whose change is
// made.
func TestLostReplies(t *testing.T) {
	for _, operation := range operations {
		for skip := range 4 {
			t.Run(fmt.Sprint(operation, skip), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					engine := fakes3.New(fakes3.Options{FalseComplete: skip%2 == 0})
					store := near(t, engine, s3.Options{PartSize: part})
					engine.Inject(fakes3.Fault{Operation: operation, Skip: skip, Times: 1, Done: true})
					work(t, store)
				})
			})
		}
	}
}

// TestTruncated cuts the connection after some bytes of a content, again and again.
func TestTruncated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := fakes3.New(fakes3.Options{})
		store := near(t, engine, s3.Options{PartSize: part})
		data := random(1, 100_000)
		if _, err := store.Put(t.Context(), tranship.Spec{Path: "file"}, data); err != nil {
			t.Fatal(err)
		}
		engine.Inject(fakes3.Fault{Operation: "GetObject", Key: "file", Truncate: 777})
		has(t, store, "file", data)

		content, err := store.Open(t.Context(), "file", tranship.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer content.Close()
		if _, err := store.Put(t.Context(), tranship.Spec{Path: "file"}, random(2, 100_000)); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(content); !errors.Is(err, tranship.ErrPrecondition) || !bytes.Equal(got, data[:len(got)]) {
			t.Fatalf("reading what was replaced: %d bytes, %v; want ErrPrecondition", len(got), err)
		}
	})
}

// TestStall blocks requests, which are made again after a while.
func TestStall(t *testing.T) {
	for _, operation := range []string{"UploadPart", "PutObject", "HeadObject", "GetObject"} {
		synctest.Test(t, func(t *testing.T) {
			engine := fakes3.New(fakes3.Options{})
			store := near(t, engine, s3.Options{PartSize: part, Stall: 10 * time.Second})
			released := make(chan struct{})
			defer close(released)
			engine.Inject(fakes3.Fault{Operation: operation, Times: 2, Before: func() { <-released }, Status: 500, Code: "InternalError"})
			begun := time.Now()
			work(t, store)
			if took := time.Since(begun); took < 10*time.Second || took > 2*time.Minute {
				t.Errorf("with two stalls of 10s the work took %v", took)
			}
		})
	}
}

// TestUnavailable uses an engine that fails for good.
func TestUnavailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine := fakes3.New(fakes3.Options{})
		store := near(t, engine, s3.Options{PartSize: part})
		engine.Inject(fakes3.Fault{Status: http.StatusServiceUnavailable, Code: "SlowDown"})
		begun := time.Now()
		if _, err := store.Stat(t.Context(), "file"); !errors.Is(err, tranship.ErrUnavailable) {
			t.Errorf("Stat: %v, want ErrUnavailable", err)
		}
		if took := time.Since(begun); took > time.Minute {
			t.Errorf("it took %v", took)
		}
		if err := store.CheckHealth(t.Context()); !errors.Is(err, tranship.ErrUnavailable) {
			t.Errorf("CheckHealth: %v, want ErrUnavailable", err)
		}
		engine.Heal()
	})
}
