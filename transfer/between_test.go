package transfer

import (
	"bytes"
	"errors"
	"maps"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
)

func TestResumeBetweenStores(t *testing.T) {
	source := &cutSource{Store: &mem.Store{}, left: -1}
	data := random(largeBytes)
	fill(t, source, map[string]int{"a": largeBytes})
	store := newCutting(-1)
	source.left = 11 * partBytes
	err := Copy(t.Context(), store, itemOf(source, "a", largeBytes), Options{Attempts: 1, Parts: 1})
	if !errors.Is(err, ErrResumable) {
		t.Fatalf("error %v", err)
	}
	got := results{}
	source.left, source.read = -1, 0
	if err := Copy(t.Context(), store, itemOf(source, "a", largeBytes), Options{Report: got.report(t)}); err != nil {
		t.Fatal(err)
	}
	mustHave(t, store.Store, "copy", data)
	if result := got["a"]; result.SkippedBytes == 0 || source.read != result.SentBytes || store.rewritten > 0 {
		t.Errorf("%+v, %d bytes read, %d rewritten", result, source.read, store.rewritten)
	}
	// Another version is another source.
	other := bytes.Repeat([]byte("x"), largeBytes)
	source.left = 11 * partBytes
	if err := Copy(t.Context(), store, itemOf(source, "a", largeBytes), Options{Attempts: 1, NoResume: true}); err == nil {
		t.Fatal("no error")
	}
	source.left = -1
	putLarge(t, source, "a", other)
	if err := Copy(t.Context(), store, itemOf(source, "a", largeBytes), Options{}); err != nil {
		t.Fatal(err)
	}
	mustHave(t, store.Store, "copy", other)
}

// Metadata that the source has no more goes from a copy that is not sent again.
func TestRepeatBetweenStoresTakesMetadata(t *testing.T) {
	source, store := &mem.Store{}, &mem.Store{}
	data := random(largeBytes)
	fill(t, source, map[string]int{"a": largeBytes})
	for _, metadata := range []map[string]string{{"key": "value"}, {"other": "value"}, {}} {
		if _, err := source.SetAttributes(t.Context(), "a", tranship.Attributes{Metadata: metadata}, tranship.Precondition{}); err != nil {
			t.Fatal(err)
		}
		if err := Copy(t.Context(), store, itemOf(source, "a", largeBytes), Options{}); err != nil {
			t.Fatal(err)
		}
		mustHave(t, store, "copy", data)
		if file, err := store.Stat(t.Context(), "copy"); err != nil || !maps.Equal(file.Metadata, metadata) {
			t.Errorf("the copy has metadata %v, want %v; %v", file.Metadata, metadata, err)
		}
	}
}
