package transfer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/budget"
)

var errGone = fmt.Errorf("%w: connection refused", tranship.ErrUnavailable)

func TestCopyRetries(t *testing.T) {
	for _, size := range []int{100, 3 << 20} {
		synctest.Test(t, func(t *testing.T) {
			source, destination := newFaulty(), newFaulty()
			fill(t, source, map[string]int{"a": size})
			failures := 0
			fail := func(string) error {
				if failures++; failures <= 3 {
					return errGone
				}
				return nil
			}
			destination.put, destination.begin = fail, fail
			got, progress := results{}, &Progress{}
			options := Options{Report: got.report(t), Progress: progress}
			if err := Copy(t.Context(), destination, itemOf(source, "a", int64(size)), options); err != nil {
				t.Fatal(err)
			}
			if done := progress.Count().BytesDone; done != int64(size) {
				t.Errorf("%d bytes done", done)
			}
			mustHave(t, destination, "copy", random(size))
			if r := got["a"]; r.Attempts != 4 || r.SentBytes != int64(size) || destination.begun != 0 {
				t.Errorf("%+v, %d uploads left", r, destination.begun)
			}
		})
	}
}

func TestCopyRetriesReplacedSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, destination := newFaulty(), newFaulty()
		fill(t, source, map[string]int{"a": 2 << 20})
		opened := 0
		source.open = func(_ string, c tranship.Content) (tranship.Content, error) {
			if opened++; opened == 2 { // the first only asks what there is
				return content{readerFunc(func([]byte) (int, error) { return 0, tranship.ErrPrecondition }), c.File()}, nil
			}
			return c, nil
		}
		if err := Copy(t.Context(), destination, itemOf(source, "a", 2<<20), Options{}); err != nil {
			t.Fatal(err)
		}
		mustHave(t, destination, "copy", random(2<<20))
	})
}

// One file that always fails costs its attempts and no more.
func TestCopyAttemptsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, destination := newFaulty(), newFaulty()
		fill(t, source, map[string]int{"a": 1, "b": 2})
		tries := 0
		destination.put = func(path string) error {
			if path == "a" {
				tries++
				return errGone
			}
			return nil
		}
		err := Copy(t.Context(), destination, Files(t.Context(), source, "", ""), Options{Attempts: 3})
		if !errors.Is(err, tranship.ErrUnavailable) || tries != 3 {
			t.Errorf("error %v after %d attempts", err, tries)
		}
		mustHave(t, destination, "b", random(2))
	})
}

// A store that tries again itself, and gave up, ends the copy as well, and says so once.
func TestCopyEndsWithStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, destination := newFaulty(), newFaulty()
		fill(t, source, map[string]int{"a": 1, "b": 2})
		destination.put = func(string) error { return &budget.Error{Patience: 30 * time.Second, Err: errGone} }
		err := Copy(t.Context(), destination, Files(t.Context(), source, "", ""), Options{Report: results{}.report(t)})
		if !errors.Is(err, tranship.ErrUnavailable) || strings.Count(err.Error(), "gave up after 30s") != 1 {
			t.Errorf("error %v", err)
		}
	})
}

// A server that is gone for good ends the whole copy, not each file of many after
// all its attempts.
func TestCopyPatienceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, destination := newFaulty(), newFaulty()
		sizes := map[string]int{}
		for i := range 1000 {
			sizes[fmt.Sprint(i)] = i % 7
		}
		fill(t, source, sizes)
		destination.put = func(string) error { return errGone }
		got := results{}
		begun := time.Now()
		err := Copy(t.Context(), destination, Files(t.Context(), source, "", ""), Options{Attempts: 1000, Report: got.report(t)})
		if took := time.Since(begun); took < 30*time.Second || took > 30*time.Second+budget.LongestPause {
			t.Errorf("took %v", took)
		}
		if !errors.Is(err, tranship.ErrUnavailable) || !strings.Contains(err.Error(), "gave up after 30s") {
			t.Errorf("error %v", err)
		}
		if len(got) > 64 {
			t.Errorf("%d files were tried", len(got))
		}
		for name, result := range got {
			if !errors.Is(result.Err, ErrStopped) {
				t.Errorf("%s: %v", name, result.Err)
			}
		}
	})
}

// Asking what is there is tried again, too.
func TestCopyRetriesExisting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, destination := newFaulty(), newFaulty()
		fill(t, source, map[string]int{"a": 5})
		asked := 0
		existing := func(ctx context.Context, path string) (tranship.File, error) {
			if asked++; asked < 3 {
				return tranship.File{}, errGone
			}
			return destination.Stat(ctx, path)
		}
		if err := Copy(t.Context(), destination, Files(t.Context(), source, "", ""), Options{Existing: existing}); err != nil {
			t.Fatal(err)
		}
		mustHave(t, destination, "a", random(5))
	})
}

// A one-shot source is tried only once.
func TestCopyOnce(t *testing.T) {
	destination := newFaulty()
	destination.write = func(string) error { return errGone }
	got := results{}
	items := func(yield func(Item, error) bool) {
		yield(Item{Source: &Stdin{Reader: strings.NewReader("text")}, Name: "-", Path: "a", File: tranship.File{Size: -1}, Once: true}, nil)
	}
	err := Copy(t.Context(), destination, items, Options{Report: got.report(t)})
	if !errors.Is(err, tranship.ErrUnavailable) || got["-"].Attempts != 1 || destination.begun != 0 {
		t.Errorf("error %v, %+v", err, got["-"])
	}
}

func TestListContinues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newFaulty()
		sizes := map[string]int{}
		for i := range 20 {
			sizes[fmt.Sprintf("d/%02d", i)] = 0
		}
		fill(t, source, sizes)
		source.list = func(_ string, n int) error {
			if n == 7 {
				return errGone
			}
			return nil
		}
		n := 0
		for item, err := range Files(t.Context(), source, "d", "to") {
			if err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf("to/%02d", n); item.Path != want {
				t.Errorf("path %q, want %q", item.Path, want)
			}
			n++
		}
		if n != 20 {
			t.Errorf("%d items", n)
		}
		source.list = func(string, int) error { return errGone }
		var last error
		for _, err := range Files(t.Context(), source, "d", "to") {
			last = err
		}
		if !errors.Is(last, tranship.ErrUnavailable) {
			t.Errorf("error %v", last)
		}
	})
}
