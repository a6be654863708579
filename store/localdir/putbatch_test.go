package localdir_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/store/localdir"
)

// putItems returns items whose content is their path.
func putItems(paths ...string) []tranship.PutItem {
	items := make([]tranship.PutItem, len(paths))
	for i, path := range paths {
		items[i] = tranship.PutItem{Data: []byte(path), Spec: tranship.Spec{Path: path, Attributes: tranship.Attributes{
			Mode: new(fs.FileMode(0o640)), ModTime: &modTime,
		}}}
	}
	return items
}

// noTemporaries checks that no temporary file is left below a directory of this machine.
func noTemporaries(t *testing.T, name string) {
	t.Helper()
	err := filepath.WalkDir(name, func(path string, _ fs.DirEntry, err error) error {
		if strings.HasPrefix(filepath.Base(path), localdir.TemporaryPrefix) {
			t.Errorf("%s is left", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// isFile checks the content of a file of this machine, which must be no link.
func isFile(t *testing.T, name, want string) {
	t.Helper()
	data, err := os.ReadFile(name)
	info, missing := os.Lstat(name)
	if err != nil || missing != nil || string(data) != want || !info.Mode().IsRegular() {
		t.Errorf("%s has %q, want %q: %v, %v", name, data, want, err, missing)
	}
}

// TestPutBatch checks that the results and files of a batch are those of single puts.
func TestPutBatch(t *testing.T) {
	name := t.TempDir()
	single, batch := filepath.Join(name, "single"), filepath.Join(name, "batch")
	for _, top := range []string{single, batch} {
		filetest.Fill(t, openNew(t, top), map[string]int{"d/old": 10, "full/file": 1, "d/taken/file": 1})
	}
	items := putItems("top", "d/a", "d/b", "d/old", "new/deep/c", "d/taken", "d/c", "d/old/below", "full", "../x", "d/none", "d/wrong", "d/plain", "d/"+localdir.HiddenName("x")+"-0"+localdir.TemporarySuffix, "d/last")
	items[10].Spec.Precondition.MustNotExist = true
	items[3].Spec.Attributes.Mode = new(fs.FileMode(0o400))
	items[11].Spec.CRC32C = new(uint32)
	items[12].Spec.Attributes = tranship.Attributes{}
	one := openDir(t, single)
	results := openDir(t, batch).PutBatch(t.Context(), items)
	for i, item := range items {
		file, err := one.Put(t.Context(), item.Spec, item.Data)
		got := results[i]
		if item.Spec.Attributes.ModTime == nil {
			file.ModTime, got.File.ModTime = modTime, modTime // they are of now
		}
		if (err == nil) != (got.Err == nil) || err != nil && strings.ReplaceAll(err.Error(), single, batch) != got.Err.Error() || !reflect.DeepEqual(file, got.File) {
			t.Errorf("%s: %+v, want %+v, %v", item.Spec.Path, got, file, err)
		}
		if err == nil {
			isFile(t, filepath.Join(batch, item.Spec.Path), item.Spec.Path)
		}
	}
	noTemporaries(t, batch)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, result := range openDir(t, batch).PutBatch(ctx, putItems("x/a", "x/b")) {
		if !errors.Is(result.Err, context.Canceled) {
			t.Error(result.Err)
		}
	}
}

func openNew(t *testing.T, name string) *localdir.Dir {
	t.Helper()
	if err := os.Mkdir(name, 0o755); err != nil {
		t.Fatal(err)
	}
	return openDir(t, name)
}

// TestPutBatchOverLeftovers checks that leftovers of killed processes do not stop a batch, and
// that the partial file of a target that the batch replaces is removed.
func TestPutBatchOverLeftovers(t *testing.T) {
	name := t.TempDir()
	for _, left := range []string{
		localdir.TemporaryName("a", "0"),
		localdir.PartialName("b", 0) + localdir.PartialSuffix, localdir.PartialName("b", 0) + localdir.JournalSuffix,
	} {
		if err := os.WriteFile(filepath.Join(name, left), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, result := range openDir(t, name).PutBatch(t.Context(), putItems("a", "b", "c")) {
		if result.Err != nil {
			t.Error(result.Err)
		}
	}
	for _, file := range []string{"a", "b", "c"} {
		isFile(t, filepath.Join(name, file), file)
	}
	noTemporaries(t, name)
}
