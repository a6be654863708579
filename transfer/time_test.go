package transfer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
)

func TestSameRounded(t *testing.T) {
	exact := time.Date(2022, 5, 5, 10, 0, 3, 250_000_000, time.UTC)
	file := func(t time.Time, unit time.Duration) tranship.File {
		return tranship.File{ModTime: t, ModTimeUnit: unit}
	}
	at := func(second, nanosecond int) time.Time {
		return time.Date(2022, 5, 5, 10, 0, second, nanosecond, time.UTC)
	}
	for _, test := range []struct {
		name string
		a, b tranship.File
		want bool
	}{
		{"rounded down to 2 s", file(exact, 0), file(at(2, 0), 2*time.Second), true},
		{"rounded up to 2 s", file(exact, 0), file(at(4, 0), 2*time.Second), true},
		{"2 s apart", file(at(2, 0), 0), file(at(4, 0), 2*time.Second), false},
		{"more than 2 s apart", file(exact, 0), file(at(6, 0), 2*time.Second), false},
		{"not rounded", file(exact, 0), file(at(4, 1000), 2*time.Second), false},
		{"rounded by floating-point numbers", file(exact, 0), file(at(4, 0).Add(-300), 2*time.Second), true},
		{"an even second by chance", file(exact, 0), file(at(2, 0), 0), false},
		{"rounded to 10 ms", file(at(3, 123_456_789), 0), file(at(3, 120_000_000), 10*time.Millisecond), true},
		{"rounded up to 10 ms", file(at(3, 123_456_789), 0), file(at(3, 130_000_000), 10*time.Millisecond), true},
		{"10 ms by chance", file(at(3, 123_456_789), 0), file(at(3, 120_000_000), 0), false},
		{"both rounded", file(at(3, 0), time.Second), file(at(2, 0), 2*time.Second), true},
		{"both rounded, another second", file(at(5, 0), time.Second), file(at(2, 0), 2*time.Second), false},
		{"rounded up to the second", file(exact, 0), file(at(4, 0), time.Second), true},
	} {
		if Same(test.a, test.b) != test.want || Same(test.b, test.a) != test.want {
			t.Errorf("%s: not %v", test.name, test.want)
		}
	}
	if !isSame(file(exact, 0), file(exact.Add(time.Hour), 0), time.Hour) {
		t.Error("times within the window differ")
	}
	if isSame(file(exact, 0), file(exact.Add(time.Hour+1), 0), time.Hour) {
		t.Error("times beyond the window do not differ")
	}
	if isSame(tranship.File{Size: 1, ModTime: exact}, tranship.File{Size: 2, ModTime: exact}, time.Hour) {
		t.Error("files of other sizes are the same within the window")
	}
}

// untimed is a store that refuses modified times, at the beginning or only at commit. It counts
// the puts and the parts that it gets.
type untimed struct {
	tranship.Store
	late       bool
	puts, sent atomic.Int64
}

func (u *untimed) refuse(attributes tranship.Attributes) error {
	if attributes.ModTime == nil {
		return nil
	}
	return fmt.Errorf("put: %w", &tranship.InvalidError{Field: "attributes.modified_time", Rule: "the file system keeps no times"})
}

func (u *untimed) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	u.puts.Add(1)
	if err := u.refuse(spec.Attributes); err != nil {
		return tranship.File{}, err
	}
	return u.Store.Put(ctx, spec, data)
}

func (u *untimed) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	if err := u.refuse(spec.Attributes); err != nil && !u.late {
		return nil, err
	}
	upload, err := u.Store.Begin(ctx, spec)
	return &untimedUpload{upload, u, spec}, err
}

type untimedUpload struct {
	tranship.Upload
	store *untimed
	spec  tranship.Spec
}

func (u *untimedUpload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	u.store.sent.Add(1)
	return u.Upload.Part(ctx, n)
}

func (u *untimedUpload) Commit(ctx context.Context, commit tranship.Commit) (tranship.File, error) {
	if err := u.store.refuse(u.spec.Attributes); err != nil {
		return tranship.File{}, err
	}
	return u.Upload.Commit(ctx, commit)
}

// TestTimeRefused copies to a store that refuses the time: the content is copied, once, and the
// copy reports that the time is lost.
func TestTimeRefused(t *testing.T) {
	source := t.TempDir()
	sizes := map[string]int{"small": 100, "large": 3 << 20}
	for name, size := range sizes {
		if err := os.WriteFile(filepath.Join(source, name), make([]byte, size), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(source, name), time.Time{}, time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC)); err != nil {
			t.Fatal(err)
		}
	}
	for _, late := range []bool{false, true} {
		store := &untimed{Store: &mem.Store{}, late: late}
		lost, events, attempts := 0, 0, 0
		_, err := Upload(t.Context(), store, source, "", UploadOptions{Options: Options{
			Report: func(result Result) {
				attempts += result.Attempts
				if result.TimeLost {
					lost++
				}
			},
			Events: func(event Event) {
				if event.Kind == EventTimeLost && isTimeRefused(event.Err) {
					events++
				}
			},
		}})
		if err != nil {
			t.Fatalf("late %v: %v", late, err)
		}
		if lost != len(sizes) || events != len(sizes) {
			t.Errorf("late %v: %d results and %d events tell that the time is lost, want %d", late, lost, events, len(sizes))
		}
		if !late && attempts != len(sizes) {
			t.Errorf("%d attempts, want %d", attempts, len(sizes))
		}
		if sent := store.sent.Load(); sent != 3 {
			t.Errorf("late %v: %d parts were sent of a file of 3: a refusal at commit keeps them", late, sent)
		}
		for name, size := range sizes {
			if file, err := store.Stat(t.Context(), name); err != nil || file.Size != int64(size) {
				t.Errorf("late %v: %s is %+v, %v", late, name, file, err)
			}
		}
	}
}

// TestNoTimesAtAll copies to a store that takes no times: only the first file is sent twice.
func TestNoTimesAtAll(t *testing.T) {
	source := t.TempDir()
	const files = 50
	for n := range files {
		if err := os.WriteFile(filepath.Join(source, strconv.Itoa(n)), []byte("data"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	store, lost := &untimed{Store: &mem.Store{}}, 0
	_, err := Upload(t.Context(), store, source, "", UploadOptions{Options: Options{Files: 1, Report: func(result Result) {
		if result.TimeLost {
			lost++
		}
	}}})
	if err != nil || lost != files || store.puts.Load() != files+1 {
		t.Errorf("%d times are lost in %d puts, %v; want %d in %d", lost, store.puts.Load(), err, files, files+1)
	}
}

func TestLostTime(t *testing.T) {
	exact := time.Date(2022, 5, 5, 10, 0, 3, 250_000_000, time.UTC)
	for _, test := range []struct {
		name         string
		source, made time.Time
		lost         bool
	}{
		{"kept", exact, exact, false},
		{"rounded", exact, exact.Truncate(2 * time.Second), false},
		{"not told", exact, time.Time{}, false},
		{"unknown", time.Time{}, exact, false},
		{"changed", exact, exact.Add(time.Hour), true},
		{"clamped", time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC), true},
	} {
		if err := lostTime(test.source, test.made); (err != nil) != test.lost {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// TestModifyWindow skips files whose times differ by no more than the window.
func TestModifyWindow(t *testing.T) {
	source := t.TempDir()
	name := filepath.Join(source, "file")
	if err := os.WriteFile(name, []byte("data"), 0o644); err != nil {
		t.Fatal(err)
	}
	store := &mem.Store{}
	for _, test := range []struct {
		modified time.Time
		window   time.Duration
		skipped  int64
	}{
		{modTime, 0, 0},
		{modTime.Add(time.Hour), time.Hour, 1},
		{modTime.Add(time.Hour), time.Hour - 1, 0},
	} {
		if err := os.Chtimes(name, time.Time{}, test.modified); err != nil {
			t.Fatal(err)
		}
		summary, err := Upload(t.Context(), store, source, "", UploadOptions{Update: true, Options: Options{ModifyWindow: test.window}})
		if err != nil || summary.Skipped != test.skipped {
			t.Errorf("%s with a window of %s: %d skipped, %v; want %d", test.modified, test.window, summary.Skipped, err, test.skipped)
		}
	}
}
