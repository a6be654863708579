package abilities

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/store/audit"
	"github.com/tranship/tranship/store/guard"
)

// as returns a context of calls by a principal.
func as(t *testing.T, name string) context.Context {
	return access.NewContext(t.Context(), access.Principal{Name: name})
}

// mustFind returns the ability of v that As finds.
func mustFind[T any](t *testing.T, v any) T {
	t.Helper()
	found, ok := tranship.As[T](v)
	if !ok {
		t.Fatalf("%T has lost an ability", v)
	}
	return found
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// put stores a file of 4 bytes.
func put(t *testing.T, ctx context.Context, store tranship.Store, path string) {
	t.Helper()
	_, err := store.Put(ctx, tranship.Spec{Path: path}, []byte("1234"))
	must(t, err)
}

// begin begins a resumable upload as ann, or one of unknown size if size is nil.
func begin(t *testing.T, store tranship.Store, size *int64) tranship.Upload {
	t.Helper()
	spec := tranship.Spec{Path: "secret", Size: size}
	if size != nil {
		spec.ResumeKey = "key"
	}
	upload, err := store.Begin(as(t, "ann"), spec)
	must(t, err)
	return upload
}

// used checks how often an ability of the wrapped store was used.
func (s *ableStore) used(t *testing.T, ability string, want int) {
	t.Helper()
	if s.calls[ability] != want {
		t.Errorf("%s of the wrapped store was used %d times, want %d", ability, s.calls[ability], want)
	}
}

func failsWith(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("failed with %v, want %v", err, want)
	}
}

func newGuard(t *testing.T) (*ableStore, tranship.Store) {
	inner := newAbleStore()
	return inner, guard.New(inner, parse(t, "allow ann read,list readable\nallow ann write /\nallow bob write /\n"))
}

func guardHidesUploads(t *testing.T) {
	_, store := newGuard(t)
	id := begin(t, store, new(int64(4))).ID()
	finder := mustFind[tranship.UploadFinder](t, store)
	_, err := finder.FindUpload(as(t, "ann"), id)
	must(t, err)
	_, err = finder.FindUpload(as(t, "bob"), id)
	failsWith(t, err, tranship.ErrNotFound)
}

func guardDeniesFetch(t *testing.T) {
	inner, store := newGuard(t)
	put(t, t.Context(), inner, "readable")
	put(t, t.Context(), inner, "secret")
	fetcher := mustFind[tranship.Fetcher](t, store)
	_, _, err := fetcher.Fetch(as(t, "ann"), "secret", 4)
	failsWith(t, err, tranship.ErrNotFound)
	_, _, err = fetcher.Fetch(as(t, "bob"), "readable", 4)
	failsWith(t, err, tranship.ErrNotFound)
	inner.used(t, "Fetcher", 0)
	_, data, err := fetcher.Fetch(as(t, "ann"), "readable", 4)
	must(t, err)
	if string(data) != "1234" {
		t.Errorf("fetched %q", data)
	}
	inner.used(t, "Fetcher", 1)
}

func guardWithholdsInChunk(t *testing.T) {
	inner, store := newGuard(t)
	part, err := begin(t, store, nil).Part(as(t, "ann"), 0)
	must(t, err)
	withholds(t, inner, part)
}

func guardWithholdsInRun(t *testing.T) {
	inner, store := newGuard(t)
	run, err := mustFind[tranship.PartRunner](t, begin(t, store, nil)).PartRun(as(t, "ann"), 0, 2)
	must(t, err)
	withholds(t, inner, run)
	inner.used(t, "PartRunner", 1)
}

// withholds checks that the error of a writer does not reveal another file's path.
func withholds(t *testing.T, inner *ableStore, w tranship.PartWriter) {
	t.Helper()
	inner.fail = fmt.Errorf("%w: the file other/path", tranship.ErrExists)
	err := mustFind[tranship.ChunkWriter](t, w).WriteChunk(tranship.NewChunk([][]byte{{1}}, tranship.CRC32C([]byte{1}), nil))
	failsWith(t, err, tranship.ErrExists)
	if strings.Contains(fmt.Sprint(err), "other/path") {
		t.Errorf("a caller without rights to see files gets the error %q", err)
	}
	inner.used(t, "ChunkWriter", 1)
}

// broken is a log that cannot be written.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken") }

// refusesUnrecorded checks that do fails, and the wrapped store is not called, while the
// log cannot be written.
func refusesUnrecorded(t *testing.T, ability string, do func(store tranship.Store) error) {
	t.Helper()
	inner := newAbleStore()
	store := audit.New(inner, audit.NewLog(broken{}, nil))
	put(t, t.Context(), store, "readable") // the log is broken for its line
	failsWith(t, do(store), tranship.ErrUnavailable)
	inner.used(t, ability, 0)
}

// recorded returns the log lines that do causes.
func recorded(do func(inner *ableStore, store tranship.Store)) string {
	inner, log := newAbleStore(), new(bytes.Buffer)
	do(inner, audit.New(inner, audit.NewLog(log, nil)))
	return log.String()
}

func wantLine(t *testing.T, log string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if strings.Count(log, "\n") != 1 || !strings.Contains(log, want) {
			t.Errorf("the log is %q, want one line with %s", log, want)
		}
	}
}

func auditRecordsFind(t *testing.T) {
	find := func(store tranship.Store) error {
		_, err := mustFind[tranship.UploadFinder](t, store).FindUpload(t.Context(), "unknown")
		return err
	}
	refusesUnrecorded(t, "UploadFinder", find)
	wantLine(t, recorded(func(_ *ableStore, store tranship.Store) { failsWith(t, find(store), tranship.ErrNotFound) }),
		`"action":"list_uploads"`, `"upload":"unknown"`)
}

func auditRecordsFetch(t *testing.T) {
	fetch := func(store tranship.Store) error {
		_, _, err := mustFind[tranship.Fetcher](t, store).Fetch(t.Context(), "readable", 4)
		return err
	}
	refusesUnrecorded(t, "Fetcher", fetch)
	wantLine(t, recorded(func(inner *ableStore, store tranship.Store) {
		put(t, t.Context(), inner, "readable")
		must(t, fetch(store))
	}), `"action":"read"`, `"path":"readable"`, `"bytes":4`, `"whole":true`)
	wantLine(t, recorded(func(_ *ableStore, store tranship.Store) { failsWith(t, fetch(store), tranship.ErrNotFound) }),
		`"action":"read"`, `"bytes":0`, `"whole":false`)
}

func auditCountsChunks(t *testing.T) {
	read := func(chunks int, wants ...string) {
		wantLine(t, recorded(func(inner *ableStore, store tranship.Store) {
			put(t, t.Context(), inner, "readable")
			content, err := store.Open(t.Context(), "readable", tranship.OpenOptions{})
			must(t, err)
			reader := mustFind[tranship.ChunkReader](t, content)
			for range chunks {
				chunk, err := reader.ReadChunk()
				must(t, err)
				chunk.Release()
			}
			if chunks == 2 {
				_, err := reader.ReadChunk()
				failsWith(t, err, io.EOF)
			}
			must(t, content.Close())
		}), append(wants, `"action":"read"`)...)
	}
	read(1, `"bytes":2`, `"whole":false`)
	read(2, `"bytes":4`, `"whole":true`)
}
