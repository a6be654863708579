package tracing_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/storetest"
	"github.com/tranship/tranship/store/tracing"
)

// recorder is a tracer that keeps a line for each span that has ended.
type recorder struct {
	mu    sync.Mutex
	begun int
	lines []string
}

// spanKey is the key of the kind of the span in a context.
type spanKey struct{}

func (r *recorder) Begin(_ context.Context, operation tracing.Operation) tracing.Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun++
	return &recordedSpan{r, operation}
}

type recordedSpan struct {
	recorder  *recorder
	operation tracing.Operation
}

func (s *recordedSpan) Context(ctx context.Context) context.Context {
	return context.WithValue(ctx, spanKey{}, s.operation.Kind)
}

func (s *recordedSpan) End(result tracing.Result) {
	line := fmt.Sprintf("%v %s", s.operation.Kind, s.operation.Path)
	if s.operation.Destination != "" {
		line += " to " + s.operation.Destination
	}
	if s.operation.Kind.Transfers() {
		line += fmt.Sprintf(" whole %d, %d bytes", s.operation.Files, result.Bytes)
	}
	for _, file := range result.Files {
		line += fmt.Sprintf("; %s %d", file.Path, file.Bytes)
		if file.Err != nil {
			line += " " + failure.Word(file.Err)
		}
	}
	if result.Err != nil {
		line += ": " + failure.Word(result.Err)
	}
	s.recorder.mu.Lock()
	defer s.recorder.mu.Unlock()
	s.recorder.lines = append(s.recorder.lines, line)
}

// want checks the lines since the last call, and that every span has ended.
func (r *recorder) want(t *testing.T, lines ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.lines, lines) {
		t.Errorf("the spans are\n%q, want\n%q", r.lines, lines)
	}
	if r.begun != len(r.lines) {
		t.Errorf("%d spans have begun and %d have ended", r.begun, len(r.lines))
	}
	r.begun, r.lines = 0, nil
}

// inside is a store that checks that what it is asked for has the context of a span.
type inside struct {
	*mem.Store
	t *testing.T
}

func (s inside) check(ctx context.Context, want tracing.Kind) {
	s.t.Helper()
	if got := ctx.Value(spanKey{}); got != want {
		s.t.Errorf("the context is of %v, want %v", got, want)
	}
}

func (s inside) Stat(ctx context.Context, path string) (tranship.File, error) {
	s.check(ctx, tracing.Stat)
	return s.Store.Stat(ctx, path)
}

func (s inside) PutBatch(ctx context.Context, items []tranship.PutItem) []tranship.PutResult {
	s.check(ctx, tracing.UploadBatch)
	return s.Store.PutBatch(ctx, items)
}

func (s inside) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	s.check(ctx, tracing.Upload)
	upload, err := s.Store.Begin(ctx, spec)
	return insideUpload{upload, s}, err
}

type insideUpload struct {
	tranship.Upload
	store inside
}

func (u insideUpload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	u.store.check(ctx, tracing.Upload)
	return u.Upload.Part(ctx, n)
}

func (u insideUpload) Commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	u.store.check(ctx, tracing.Upload)
	return u.Upload.Commit(ctx, commit)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// none is a tracer that makes no spans.
type none struct{}

func (none) Begin(context.Context, tracing.Operation) tracing.Span { return nil }

func TestConformance(t *testing.T) {
	storetest.Test(t, func(*testing.T) tranship.Store { return tracing.New(&mem.Store{}, &recorder{}) })
}

// TestWithoutSpans checks that nothing is wrapped for an operation without a span.
func TestWithoutSpans(t *testing.T) {
	inner := &mem.Store{}
	store := tracing.New(inner, none{})
	results := tranship.PutBatch(t.Context(), store, []tranship.PutItem{{Spec: tranship.Spec{Path: "a"}, Data: []byte("1234")}})
	must(t, results[0].Err)
	got, err := store.Open(t.Context(), "a", tranship.OpenOptions{})
	must(t, err)
	defer got.Close()
	want, err := inner.Open(t.Context(), "a", tranship.OpenOptions{})
	must(t, err)
	defer want.Close()
	if fmt.Sprintf("%T", got) != fmt.Sprintf("%T", want) {
		t.Errorf("the content is a %T, want a %T", got, want)
	}
}

// TestSpans checks what is told of each kind of operation, and that its requests have its
// context.
func TestSpans(t *testing.T) {
	var r recorder
	store, ctx := tracing.New(inside{&mem.Store{}, t}, &r), t.Context()

	_, err := store.Put(ctx, tranship.Spec{Path: "a"}, []byte("1234"))
	must(t, err)
	r.want(t, "upload a whole 1, 4 bytes")
	tranship.PutBatch(ctx, store, []tranship.PutItem{{Spec: tranship.Spec{Path: "d/b"}, Data: []byte("12")}, {Spec: tranship.Spec{Path: "../c"}, Data: []byte("123")}})
	r.want(t, "upload batch d/b whole 2, 5 bytes; d/b 2; ../c 3 invalid")
	tranship.FetchBatch(ctx, store, []tranship.FetchItem{{Path: "a", Size: 4}, {Path: "none", Size: 1}})
	r.want(t, "download batch a whole 2, 4 bytes; a 4; none 0 not_found")
	_, _, err = tranship.Fetch(ctx, store, "a", 4)
	must(t, err)
	r.want(t, "download a whole 0, 4 bytes") // mem has no Fetcher
	_, _ = store.Stat(ctx, "none")
	r.want(t, "stat none: not_found")
	for range store.List(ctx, tranship.ListOptions{}) {
		break
	}
	r.want(t, "list ")
	_, err = store.Copy(ctx, "a", "e", tranship.Precondition{})
	must(t, err)
	_, err = store.Move(ctx, "e", "f", tranship.Precondition{})
	must(t, err)
	must(t, store.Remove(ctx, "f", tranship.Precondition{}))
	r.want(t, "copy a to e", "move e to f", "remove f")
	_, err = tranship.RemoveAll(ctx, store, "d", tranship.RemoveAllOptions{})
	must(t, err)
	r.want(t, "remove all d")
	_, _ = tranship.FindUpload(ctx, store, "none")
	r.want(t, "find upload none: not_found")
}

// TestSpanOfUpload checks that the span of an upload ends once, however it ends.
func TestSpanOfUpload(t *testing.T) {
	var r recorder
	store, ctx := tracing.New(inside{&mem.Store{}, t}, &r), t.Context()
	begin := func(data string) tranship.Upload {
		upload, err := store.Begin(ctx, tranship.Spec{Path: "a"})
		must(t, err)
		part, err := upload.Part(ctx, 0)
		must(t, err)
		_, err = io.WriteString(part, data)
		must(t, err)
		must(t, part.Close())
		return upload
	}
	upload := begin("1234")
	_, err := upload.Commit(ctx, tranship.Commit{Size: 4})
	must(t, err)
	must(t, upload.Abort(ctx))
	r.want(t, "upload a whole 0, 4 bytes")

	upload = begin("1234")
	if _, err = upload.Commit(ctx, tranship.Commit{Size: 4, CRC32C: new(uint32)}); !errors.Is(err, tranship.ErrIntegrity) {
		t.Errorf("the commit: %v", err)
	}
	must(t, upload.Abort(ctx))
	r.want(t, "upload a whole 0, 0 bytes: integrity")

	must(t, begin("1234").Detach(ctx))
	r.want(t, "upload a whole 0, 0 bytes: aborted")
	_, err = store.Begin(ctx, tranship.Spec{Path: "../a"})
	if !errors.Is(err, tranship.ErrInvalid) {
		t.Errorf("the beginning: %v", err)
	}
	r.want(t, "upload ../a whole 0, 0 bytes: invalid")
}

// TestSpanOfContent checks that the span of a content has the bytes of all ways to read, and
// ends once.
func TestSpanOfContent(t *testing.T) {
	var r recorder
	store, ctx := tracing.New(&mem.Store{}, &r), t.Context()
	_, err := store.Put(ctx, tranship.Spec{Path: "a"}, []byte("123456"))
	must(t, err)
	r.want(t, "upload a whole 1, 6 bytes")
	content, err := store.Open(ctx, "a", tranship.OpenOptions{})
	must(t, err)
	_, err = io.ReadFull(content, make([]byte, 2))
	must(t, err)
	ranges, ok := tranship.As[tranship.RangeReader](content)
	if !ok {
		t.Fatal("the content reads no ranges")
	}
	_, err = ranges.ReadAt(make([]byte, 3), 1)
	must(t, err)
	must(t, content.Close())
	_ = content.Close()
	r.want(t, "download a whole 0, 5 bytes")
	_, err = store.Open(ctx, "none", tranship.OpenOptions{})
	if !errors.Is(err, tranship.ErrNotFound) {
		t.Errorf("the opening: %v", err)
	}
	r.want(t, "download none whole 0, 0 bytes: not_found")
}
