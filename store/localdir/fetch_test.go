package localdir_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/localdir"
)

// fetchFixture is a directory with the files d/0 to d/4, whose content is their path.
type fetchFixture struct {
	*testing.T
	name  string
	dir   *localdir.Dir
	items []tranship.FetchItem
}

func newFetchFixture(t *testing.T) *fetchFixture {
	f := &fetchFixture{T: t, name: filepath.Join(t.TempDir(), "top")}
	if err := os.MkdirAll(filepath.Join(f.name, "d"), 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		path := fmt.Sprint("d/", i)
		f.write(path, path)
		f.items = append(f.items, tranship.FetchItem{Path: path, Size: int64(len(path))})
	}
	f.dir = openDir(t, f.name)
	return f
}

func (f *fetchFixture) write(path, content string) {
	f.Helper()
	if err := os.WriteFile(filepath.Join(f.name, path), []byte(content), 0o640); err != nil {
		f.Fatal(err)
	}
}

func (f *fetchFixture) do(errs ...error) {
	f.Helper()
	if err := errors.Join(errs...); err != nil {
		f.Fatal(err)
	}
}

// check checks that the items of a batch have their path as content, except that n fails with
// want.
func (f *fetchFixture) check(results []tranship.FetchResult, n int, want error) {
	f.Helper()
	for i, result := range results {
		if i == n {
			if !errors.Is(result.Err, want) || result.Data != nil || result.File.Path != "" {
				f.Errorf("%s: %+v, want %v", f.items[i].Path, result, want)
			}
			continue
		}
		file, err := f.dir.Stat(f.Context(), f.items[i].Path)
		if result.Err != nil || string(result.Data) != f.items[i].Path || err == nil && !reflect.DeepEqual(result.File, file) || cap(result.Data) != len(result.Data) {
			f.Errorf("%s: %+v, want %+v, %v", f.items[i].Path, result, file, err)
		}
	}
}

func TestFetchBatch(t *testing.T) {
	f := newFetchFixture(t)
	f.do(os.Chtimes(filepath.Join(f.name, "d/1"), time.Time{}, modTime))
	f.check(f.dir.FetchBatch(t.Context(), f.items), -1, nil)
	f.write("empty", "")
	large := bytes.Repeat([]byte{7}, tranship.MaxPutBytes)
	f.write("large", string(large))
	results := f.dir.FetchBatch(t.Context(), []tranship.FetchItem{
		{Path: "empty"},
		{Path: "d/0", Size: 2},
		{Path: "d/0", Size: 4},
		{Path: "large", Size: int64(len(large))},
		{Path: "d/0", Size: -1},
		{Path: "large", Size: tranship.MaxPutBytes + 1},
		{Path: "none", Size: 3},
		{Path: "../top/d/0", Size: 3},
		{Path: filepath.Join(f.name, "d/0"), Size: 3},
		{Path: "d", Size: 3},
	})
	for i := range 4 {
		if results[i].Err != nil {
			t.Error(results[i].Err)
		}
	}
	if results[0].Data == nil || results[1].Data != nil || results[2].Data != nil || results[1].File.Size != 3 || !bytes.Equal(results[3].Data, large) {
		t.Errorf("%+v", results[:3])
	}
	for i, want := range []error{4: tranship.ErrLimit, 5: tranship.ErrLimit, 6: tranship.ErrNotFound} {
		if want != nil && !errors.Is(results[i].Err, want) {
			t.Errorf("item %d: %v, want %v", i, results[i].Err, want)
		}
	}
	for _, result := range results[6:] {
		if result.Err == nil || result.Data != nil {
			t.Errorf("%+v", result)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, result := range f.dir.FetchBatch(ctx, f.items) {
		if !errors.Is(result.Err, context.Canceled) {
			t.Error(result.Err)
		}
	}
}
