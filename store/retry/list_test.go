package retry_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/retry"
	"github.com/tranship/tranship/store/storetest"
)

// A list that is interrupted anywhere yields every entry once and in order.
func TestListContinues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inside := newFaulty()
		for i := range 20 {
			inside.put(t.Context(), fmt.Sprintf("d/%02d", i), "")
			inside.put(t.Context(), fmt.Sprintf("d/%02d.d/file", i), "")
		}
		for _, options := range []tranship.ListOptions{{Directory: "d"}, {Directory: "d", Recursive: true}, {Directory: "d", StartAfter: "d/07.d/"}} {
			want := keys(t, inside.Store.List(t.Context(), options))
			inside.lists = []int{0, 0, 3, 0, 7, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0}
			if got := keys(t, retry.New(inside, retry.Options{Attempts: 4}).List(t.Context(), options)); !slices.Equal(got, want) {
				t.Errorf("%+v: got %v, want %v", options, got, want)
			}
		}
	})
}

func keys(t *testing.T, list func(func(tranship.Entry, error) bool)) (keys []string) {
	t.Helper()
	for entry, err := range list {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, entry.Key())
	}
	return keys
}

func TestListUploadsContinues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inside := newFaulty()
		for i := range 10 {
			for _, key := range []string{"a", "b"} {
				if _, err := inside.Begin(t.Context(), tranship.Spec{Path: fmt.Sprint("u", i), Size: new(int64(5 << 20)), ResumeKey: key}); err != nil {
					t.Fatal(err)
				}
			}
		}
		inside.lists = []int{0, 1, 1, 4, 11, 0, 19}
		var ids []string
		for upload, err := range retry.New(inside, retry.Options{Attempts: 4}).ListUploads(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, upload.Path+upload.ID)
		}
		if len(ids) != 20 || !slices.IsSorted(ids) || len(slices.Compact(ids)) != 20 {
			t.Errorf("%d uploads: %v", len(ids), ids)
		}
	})
}

// A list without progress ends with its budget. A list ends when its caller stops.
func TestListEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inside := newFaulty()
		inside.put(t.Context(), "a", "")
		store := retry.New(inside, retry.Options{Attempts: 3})
		inside.lists = slices.Repeat([]int{0}, 10)
		n := 0
		for _, err := range store.List(t.Context(), tranship.ListOptions{}) {
			if n++; !errors.Is(err, tranship.ErrUnavailable) {
				t.Errorf("error %v", err)
			}
		}
		if n != 1 || len(inside.lists) != 7 {
			t.Errorf("%d errors after %d lists", n, 10-len(inside.lists))
		}
		inside.lists = nil
		for range store.List(t.Context(), tranship.ListOptions{}) {
			break
		}
	})
}

// The end of the context ends every wait immediately.
func TestInterrupt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inside := newFaulty()
		inside.before = slices.Repeat([]error{errAway}, 1000)
		inside.lists = slices.Repeat([]int{0}, 1000)
		store := retry.New(inside, retry.Options{Attempts: 1000, Patience: time.Hour})
		calls := map[string]func(context.Context) error{
			"Remove": func(ctx context.Context) error { return store.Remove(ctx, "a", tranship.Precondition{}) },
			"List": func(ctx context.Context) (last error) {
				for _, err := range store.List(ctx, tranship.ListOptions{}) {
					last = err
				}
				return last
			},
			"ListUploads": func(ctx context.Context) (last error) {
				for _, err := range store.ListUploads(ctx, "") {
					last = err
				}
				return last
			},
		}
		for name, call := range calls {
			ctx, cancel := context.WithTimeout(t.Context(), 12345*time.Millisecond)
			begun := time.Now()
			err := call(ctx)
			if took := time.Since(begun); took != 12345*time.Millisecond || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: ended after %v with %v", name, took, err)
			}
			cancel()
		}
	})
}

func TestConformance(t *testing.T) {
	storetest.Test(t, func(*testing.T) tranship.Store {
		return retry.New(&mem.Store{PartSize: 1000}, retry.Options{})
	})
}
