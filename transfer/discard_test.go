package transfer

import (
	"errors"
	"testing"

	"github.com/tranship/tranship"
)

func TestNoResume(t *testing.T) {
	name, _ := largeFile(t)
	store := newCutting(10 * partBytes)
	err := Copy(t.Context(), store, localItem(t, name), Options{Attempts: 1, NoResume: true})
	if !errors.Is(err, tranship.ErrUnavailable) || errors.Is(err, ErrResumable) || uploads(t, store) != 0 {
		t.Errorf("error %v, %d uploads", err, uploads(t, store))
	}
}

// A copy without resume removes what could be resumed, at either end, before it sends
// anything.
func TestNoResumeDiscards(t *testing.T) {
	store := newCutting(-1)
	name, _ := largeFile(t)
	interrupted(t, store, name)
	if n := uploads(t, store); n != 1 {
		t.Fatalf("%d uploads are unfinished", n)
	}
	store.after = partBytes / 2
	if err := Copy(t.Context(), store, localItem(t, name), Options{NoResume: true, Attempts: 1}); err == nil {
		t.Fatal("no error")
	}
	if n := uploads(t, store); n != 0 {
		t.Errorf("%d uploads are unfinished", n)
	}
}
