package abilities

import (
	"context"
	"slices"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/tracing"
)

// spans is a tracer that keeps the results of all spans.
type spans struct{ ended *[]tracing.Result }

func (s spans) Begin(context.Context, tracing.Operation) tracing.Span { return s }

func (s spans) Context(ctx context.Context) context.Context { return ctx }

func (s spans) End(result tracing.Result) { *s.ended = append(*s.ended, result) }

// tracingEnds checks how many bytes the spans have that an action ends on a store with the file
// "readable" of 4 bytes.
func tracingEnds(act func(t *testing.T, store tranship.Store), bytes ...int64) func(t *testing.T) {
	return func(t *testing.T) {
		var ended []tracing.Result
		store := tracing.New(newAbleStore(), spans{&ended})
		put(t, t.Context(), store, "readable")
		ended = nil
		act(t, store)
		got := []int64{}
		for _, result := range ended {
			got = append(got, result.Bytes)
		}
		if !slices.Equal(got, bytes) {
			t.Errorf("the spans have %d bytes, want %d", got, bytes)
		}
	}
}

// tracingCounts checks that the span of a content has the bytes of an ability.
func tracingCounts(read func(t *testing.T, content tranship.Content), bytes int64) func(t *testing.T) {
	return tracingEnds(func(t *testing.T, store tranship.Store) {
		content, err := store.Open(t.Context(), "readable", tranship.OpenOptions{})
		must(t, err)
		read(t, content)
		must(t, content.Close())
	}, bytes)
}

func tracedStore() map[string]treatment {
	return map[string]treatment{
		"UploadFinder": kept(tracingEnds(func(t *testing.T, store tranship.Store) {
			_, err := mustFind[tranship.UploadFinder](t, store).FindUpload(t.Context(), "unknown")
			failsWith(t, err, tranship.ErrNotFound)
		}, 0)),
		"Fetcher": kept(tracingEnds(func(t *testing.T, store tranship.Store) {
			_, _, err := mustFind[tranship.Fetcher](t, store).Fetch(t.Context(), "readable", 4)
			must(t, err)
		}, 4)),
		"TreeRemover": kept(tracingEnds(func(t *testing.T, store tranship.Store) {
			_, err := removeAll(t, t.Context(), store)
			must(t, err)
		}, 0)),
		"BatchPutter": kept(tracingEnds(func(t *testing.T, store tranship.Store) {
			outcomes(t, putBatch(t, t.Context(), store, "a", "b"), nil, nil)
		}, 8)),
		"BatchFetcher": kept(tracingEnds(func(t *testing.T, store tranship.Store) {
			outcomes(t, fetchBatch(t, t.Context(), store, "readable", "none"), nil, tranship.ErrNotFound)
		}, 4)),
		// The server that has begun the upload has its span.
		"UploadJoiner": passed,
		// The quota is around the spans.
		"AccountKeeper": passed, "WidthHinter": passed, "HealthChecker": passed, "StateStore": passed,
		// The expiry of a server asks its store, outside of any call.
		"ChangeDater": passed,
	}
}

func tracedContent() map[string]treatment {
	return map[string]treatment{
		"ChunkReader": kept(tracingCounts(func(t *testing.T, content tranship.Content) {
			chunk, err := mustFind[tranship.ChunkReader](t, content).ReadChunk()
			must(t, err)
			chunk.Release()
		}, 2)),
		"RangeReader": kept(tracingCounts(func(t *testing.T, content tranship.Content) {
			_, err := mustFind[tranship.RangeReader](t, content).ReadAt(make([]byte, 3), 0)
			must(t, err)
		}, 3)),
		"ZeroReader": kept(tracingCounts(func(t *testing.T, content tranship.Content) {
			_, err := mustFind[tranship.ZeroReader](t, content).ReadZeros(4)
			must(t, err)
		}, 2)),
	}
}

// tracingEndsRun checks that a run of parts belongs to the span of its upload.
func tracingEndsRun(t *testing.T) {
	tracingEnds(func(t *testing.T, store tranship.Store) {
		upload := begin(t, store, nil)
		part, err := mustFind[tranship.PartRunner](t, upload).PartRun(t.Context(), 0, 2)
		must(t, err)
		_, err = part.Write([]byte("123"))
		must(t, err)
		must(t, part.Close())
		_, err = upload.Commit(t.Context(), tranship.Commit{Size: 3})
		must(t, err)
	}, 3)(t)
}
