package retry_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/retry"
)

// attributes sets a mode.
var attributes = tranship.Attributes{Mode: new(tranship.DefaultMode &^ 0o044)}

// operations are calls on file "a" and on an upload, which tests make on a store that
// fails.
var operations = map[string]func(t *testing.T, inside *faulty, store *retry.Store) error{
	"Stat": func(t *testing.T, _ *faulty, store *retry.Store) error {
		_, err := store.Stat(t.Context(), "a")
		return err
	},
	"SetAttributes": func(t *testing.T, _ *faulty, store *retry.Store) error {
		file, err := store.SetAttributes(t.Context(), "a", attributes, tranship.Precondition{})
		if err == nil && file.Mode != *attributes.Mode {
			t.Errorf("mode %v", file.Mode)
		}
		return err
	},
	"Remove": func(t *testing.T, inside *faulty, store *retry.Store) error {
		err := store.Remove(t.Context(), "a", tranship.Precondition{})
		if _, left := inside.Store.Stat(t.Context(), "a"); err == nil && !errors.Is(left, tranship.ErrNotFound) {
			t.Errorf("the file is left: %v", left)
		}
		return err
	},
	"Remove a version": func(t *testing.T, inside *faulty, store *retry.Store) error {
		file, err := inside.Store.Stat(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		return store.Remove(t.Context(), "a", tranship.Precondition{MustMatchVersion: file.Version})
	},
	"Move": func(t *testing.T, inside *faulty, store *retry.Store) error {
		file, err := store.Move(t.Context(), "a", "b", tranship.Precondition{})
		if err == nil {
			arrived(t, inside, file)
		}
		return err
	},
	"Move to a free path": func(t *testing.T, inside *faulty, store *retry.Store) error {
		file, err := store.Move(t.Context(), "a", "b", tranship.Precondition{MustNotExist: true})
		if err == nil {
			arrived(t, inside, file)
		}
		return err
	},
	"Copy": func(t *testing.T, _ *faulty, store *retry.Store) error {
		file, err := store.Copy(t.Context(), "a", "b", tranship.Precondition{})
		if err == nil && (file.Path != "b" || file.Size != 7) {
			t.Errorf("copied to %+v", file)
		}
		return err
	},
	"Copy to a free path": func(t *testing.T, _ *faulty, store *retry.Store) error {
		file, err := store.Copy(t.Context(), "a", "b", tranship.Precondition{MustNotExist: true})
		if err == nil && (file.Path != "b" || file.Size != 7) {
			t.Errorf("copied to %+v", file)
		}
		return err
	},
	"FindUpload": func(t *testing.T, inside *faulty, store *retry.Store) error {
		upload, err := inside.Begin(t.Context(), tranship.Spec{Path: "u", Size: new(int64(5 << 20)), ResumeKey: "key"})
		if err != nil {
			t.Fatal(err)
		}
		info, err := tranship.FindUpload(t.Context(), store, upload.ID())
		if err == nil && info.Path != "u" {
			t.Errorf("found %+v", info)
		}
		return err
	},
	"AbortUpload": func(t *testing.T, inside *faulty, store *retry.Store) error {
		upload, err := inside.Begin(t.Context(), tranship.Spec{Path: "u", Size: new(int64(5 << 20)), ResumeKey: "key"})
		if err != nil {
			t.Fatal(err)
		}
		return store.AbortUpload(t.Context(), upload.ID())
	},
}

func arrived(t *testing.T, inside *faulty, file tranship.File) {
	t.Helper()
	if _, err := inside.Store.Stat(t.Context(), "a"); !errors.Is(err, tranship.ErrNotFound) {
		t.Errorf("the source is left: %v", err)
	}
	if there, err := inside.Store.Stat(t.Context(), "b"); err != nil || there.Size != 7 || file.Path != "b" {
		t.Errorf("the destination is %+v, reported %+v: %v", there, file, err)
	}
}

// Every operation succeeds in the end, whether an attempt failed before it took effect or
// its reply was lost, and has the same result as without failures.
func TestOperationsSucceed(t *testing.T) {
	for _, plan := range []struct {
		name          string
		before, after []error
	}{
		{"refused", []error{errRefused, errRefused, errRefused}, nil},
		{"lost before", []error{errAway, errAway}, nil},
		{"reply lost", nil, []error{errAway}},
		{"reply of the second call lost", nil, []error{nil, errAway}},
		{"reply lost, then away", []error{nil, errAway, errAway, errAway}, []error{errAway}},
		{"refused, then reply lost, twice", []error{errRefused, nil, nil}, []error{nil, errAway, errAway}},
	} {
		for name, operate := range operations {
			t.Run(plan.name+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					inside := newFaulty()
					inside.put(t.Context(), "a", "content")
					inside.before, inside.after = slices.Clone(plan.before), slices.Clone(plan.after)
					store := retry.New(inside, retry.Options{Events: func(event retry.Event) {
						if event.Attempt < 2 || event.Err == nil || event.Wait <= 0 {
							t.Errorf("event %+v", event)
						}
					}})
					if err := operate(t, inside, store); err != nil {
						t.Errorf("%v after %v", err, inside.calls)
					}
				})
			})
		}
	}
}

// Neither Remove nor RemoveFile of an unknown file mistakes a directory for a file that an
// earlier attempt has removed.
func TestRemoveDirectory(t *testing.T) {
	for name, remove := range map[string]func(ctx context.Context, store *retry.Store, path string) error{
		"Remove": func(ctx context.Context, store *retry.Store, path string) error {
			return store.Remove(ctx, path, tranship.Precondition{})
		},
		"RemoveFile": func(ctx context.Context, store *retry.Store, path string) error {
			return store.RemoveFile(ctx, tranship.File{Path: path}, tranship.Precondition{})
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			inside := newFaulty()
			inside.put(t.Context(), "d/a", "content")
			for _, path := range []string{"d", "d/a"} {
				inside.before = []error{errAway}
				want := map[string]error{"d": tranship.ErrNotFound}[path]
				if err := remove(t.Context(), retry.New(inside, retry.Options{}), path); !errors.Is(err, want) {
					t.Errorf("%s: %s: %v, want %v", name, path, err, want)
				}
			}
		})
	}
}

// A final error is not retried.
func TestFinalErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, final := range []error{tranship.ErrNotFound, tranship.ErrDenied, tranship.ErrIntegrity, tranship.ErrExists, errors.New("bug")} {
			for name, operate := range operations {
				inside := newFaulty()
				inside.put(t.Context(), "a", "content")
				// Move calls Stat first, and ignores its error.
				inside.before = []error{final, final}
				calls := 1
				if strings.HasPrefix(name, "Move") {
					calls = 2
				}
				err := operate(t, inside, retry.New(inside, retry.Options{}))
				if !errors.Is(err, final) || len(inside.calls) != calls {
					t.Errorf("%s: %v after %v, want %v", name, err, inside.calls, final)
				}
			}
		}
	})
}

// While the result of an attempt to move a file is unknown, another file that is put at the
// source is not moved.
func TestMoveOnce(t *testing.T) {
	for name, test := range map[string]struct {
		// between is what other callers do after the attempt whose reply was lost.
		between func(t *testing.T, inside *faulty)
		want    error
		// source and dest are the sizes of the files there in the end; 0 if missing.
		source, dest int64
	}{
		"another file came to the source": {func(t *testing.T, inside *faulty) { inside.put(t.Context(), "a", "another file") }, nil, 12, 7},
		"the moved file was replaced":     {func(t *testing.T, inside *faulty) { inside.put(t.Context(), "b", "other") }, tranship.ErrNotFound, 0, 5},
		"the moved file was removed": {func(t *testing.T, inside *faulty) {
			if err := inside.Store.Remove(t.Context(), "b", tranship.Precondition{}); err != nil {
				t.Fatal(err)
			}
		}, tranship.ErrNotFound, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				inside := newFaulty()
				file := inside.put(t.Context(), "a", "content")
				inside.after = []error{errAway}
				inside.between = func() { test.between(t, inside) }
				_, err := retry.New(inside, retry.Options{}).MoveFile(t.Context(), file, "b", tranship.Precondition{})
				if !errors.Is(err, test.want) {
					t.Errorf("error %v, want %v", err, test.want)
				}
				for path, want := range map[string]int64{"a": test.source, "b": test.dest} {
					if got, _ := inside.Store.Stat(t.Context(), path); got.Size != want {
						t.Errorf("%s has %d bytes, want %d", path, got.Size, want)
					}
				}
			})
		})
	}
}

// While the result of an attempt to remove a file is unknown, another file that is put at
// the path is not removed.
func TestRemoveOnce(t *testing.T) {
	for name, test := range map[string]struct {
		before, after error
		between       bool
		want          error
		left          int64
	}{
		"reply lost":                     {nil, errAway, false, nil, 0},
		"lost before":                    {errAway, nil, false, nil, 0},
		"reply lost, another file came":  {nil, errAway, true, tranship.ErrPrecondition, 12},
		"lost before, another file came": {errAway, nil, true, tranship.ErrPrecondition, 12},
		"refused, another file came":     {errRefused, nil, true, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				inside := newFaulty()
				file := inside.put(t.Context(), "a", "content")
				inside.before, inside.after = []error{test.before}, []error{test.after}
				inside.between = func() {
					if test.between {
						inside.put(t.Context(), "a", "another file")
					}
				}
				err := retry.New(inside, retry.Options{}).RemoveFile(t.Context(), file, tranship.Precondition{})
				if !errors.Is(err, test.want) {
					t.Errorf("error %v, want %v", err, test.want)
				}
				if left, _ := inside.Store.Stat(t.Context(), "a"); left.Size != test.left {
					t.Errorf("%d bytes are left, want %d", left.Size, test.left)
				}
			})
		})
	}
}

// A copy that a precondition forbids after a lost reply has succeeded only if the
// destination has the content of the source.
func TestCopyOverOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inside := newFaulty()
		inside.put(t.Context(), "a", "content")
		inside.put(t.Context(), "b", "CONTENT")
		inside.before = []error{errAway}
		_, err := retry.New(inside, retry.Options{}).Copy(t.Context(), "a", "b", tranship.Precondition{MustNotExist: true})
		if !errors.Is(err, tranship.ErrExists) {
			t.Errorf("error %v", err)
		}
	})
}

// On a store that stays unavailable an operation fails when its budget has ended, and the
// next operation fails immediately.
func TestBudgetEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inside := newFaulty()
		inside.before = slices.Repeat([]error{errAway}, 10_000)
		store := retry.New(inside, retry.Options{Attempts: 1000})
		begun := time.Now()
		_, err := store.Stat(t.Context(), "a")
		if took := time.Since(begun); took < 30*time.Second || took > 36*time.Second {
			t.Errorf("took %v", took)
		}
		if !errors.Is(err, tranship.ErrUnavailable) || !retry.IsOutage(err) || err.Error() != "gave up after 30s without success: unavailable: away" {
			t.Errorf("error %v", err)
		}
		begun = time.Now()
		err = store.Remove(t.Context(), "a", tranship.Precondition{})
		if !retry.IsOutage(err) || time.Since(begun) > 0 || !strings.HasSuffix(err.Error(), "the change may have taken effect nevertheless") {
			t.Errorf("another operation: %v after %v", err, time.Since(begun))
		}
		// A retrying store around it does not begin another budget.
		begun = time.Now()
		if _, err := retry.New(store, retry.Options{}).Stat(t.Context(), "a"); !retry.IsOutage(err) || time.Since(begun) > 0 {
			t.Errorf("a store around it: %v after %v", err, time.Since(begun))
		}
		inside.before = nil
		if _, err := store.Stat(t.Context(), "a"); !errors.Is(err, tranship.ErrNotFound) {
			t.Errorf("error %v", err)
		}
	})
}
