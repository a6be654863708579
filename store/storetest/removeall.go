package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tranship/tranship"
)

// TestTreeRemover runs what a store promises that is a tranship.TreeRemover. It fails if
// tranship.As finds none. Each test calls open once, as for Test, which runs the same tests
// on every store, also on one that is removed from file by file.
func TestTreeRemover(t *testing.T, open func(t *testing.T) tranship.Store) {
	claim[tranship.TreeRemover](t, open(t))
	runAll(t, open, nil, removeAllTests())
}

func removeAllTests() []test {
	return []test{
		{"removes what is below", removeAllBelow},
		{"nothing to remove", removeAllNothing},
		{"many files", removeAllMany},
		{"ends with an error", removeAllRefused},
		{"ends with its context", removeAllCancelled},
	}
}

// removeAllUploadTests are of stores that resume uploads.
func removeAllUploadTests() []test {
	return []test{{"uploads go on", removeAllUploads}}
}

// removal removes below a directory, and returns the paths that were reported, sorted.
func (f fixture) removal(ctx context.Context, directory string, allow func(string) error) (paths []string, err error) {
	f.Helper()
	removed, err := tranship.RemoveAll(ctx, f.store, directory, tranship.RemoveAllOptions{
		Allow:    allow,
		Progress: func(path string) { paths = append(paths, path) },
	})
	if removed != int64(len(paths)) {
		f.Errorf("RemoveAll(%q) counts %d files, and reports %d", directory, removed, len(paths))
	}
	slices.Sort(paths)
	return paths, err
}

func removeAllBelow(f fixture) {
	paths := tree()
	for _, path := range paths {
		f.put(path, []byte(path))
	}
	all := tranship.ListOptions{Recursive: true}
	for _, directory := range []string{"a/y", "a", "b", "c c", "d"} {
		var want, left []string
		for _, path := range paths {
			if strings.HasPrefix(path, directory+"/") {
				want = append(want, path)
			} else {
				left = append(left, path)
			}
		}
		slices.Sort(want)
		got, err := f.removal(f.Context(), directory, nil)
		if err != nil || !slices.Equal(got, want) {
			f.Fatalf("RemoveAll(%q) removes %q, %v, want %q", directory, got, err, want)
		}
		paths = left
		f.lists(all, listed(paths, all)...)
		f.put(directory, nil) // nothing is left in the way
		f.remove(directory)
	}
}

func removeAllNothing(f fixture) {
	f.put("file", nil)
	f.put("a-b", nil)
	for _, directory := range []string{"none", "a", "file", "file/below"} {
		if got, err := f.removal(f.Context(), directory, nil); err != nil || len(got) != 0 {
			f.Fatalf("RemoveAll(%q) removes %q, %v", directory, got, err)
		}
	}
	for _, directory := range []string{"", "/", "../a", ".tranship", "a//b"} {
		_, err := f.removal(f.Context(), directory, nil)
		f.invalid("RemoveAll of "+directory, err)
	}
	f.lists(tranship.ListOptions{}, "a-b", "file")
}

func removeAllMany(f fixture) {
	const count = 1200
	for _, err := range together(8, func(writer int) error {
		for i := writer; i < count; i += 8 {
			path := fmt.Sprintf("many/%d/%d/file%d", i%3, i%50, i)
			if _, err := f.store.Put(f.Context(), tranship.Spec{Path: path, Durability: tranship.DurabilityWritten}, nil); err != nil {
				return err
			}
		}
		return nil
	}) {
		if err != nil {
			f.Fatalf("Put: %v", err)
		}
	}
	if got, err := f.removal(f.Context(), "many", nil); err != nil || len(got) != count {
		f.Fatalf("RemoveAll removes %d files, %v", len(got), err)
	}
	f.isEmpty()
}

func removeAllRefused(f fixture) {
	for i := range 40 {
		f.put(fmt.Sprintf("d/%02d", i), nil)
	}
	refusal := fmt.Errorf("%w: not this one", tranship.ErrDenied)
	got, err := f.removal(f.Context(), "d", func(path string) error {
		if path == "d/20" {
			return refusal
		}
		return nil
	})
	f.fails("RemoveAll of what is refused", err, tranship.ErrDenied)
	if slices.Contains(got, "d/20") {
		f.Fatal("RemoveAll has removed what was refused")
	}
	if left := f.keys(tranship.ListOptions{Directory: "d"}); len(left)+len(got) != 40 || !slices.Contains(left, "d/20") {
		f.Fatalf("RemoveAll has removed %d files, and %d are left", len(got), len(left))
	}
}

func removeAllCancelled(f fixture) {
	for i := range 1000 {
		f.put(fmt.Sprintf("d/%03d", i), nil)
	}
	ctx, cancel := context.WithCancel(f.Context())
	cancel()
	if got, err := f.removal(ctx, "d", nil); !errors.Is(err, context.Canceled) || len(got) != 0 {
		f.Fatalf("RemoveAll in a context that has ended removes %d files: %v", len(got), err)
	}
	if left := f.keys(tranship.ListOptions{Directory: "d"}); len(left) != 1000 {
		f.Fatalf("%d files are left", len(left))
	}
	ctx, cancel = context.WithCancel(f.Context())
	defer cancel()
	_, err := tranship.RemoveAll(ctx, f.store, "d", tranship.RemoveAllOptions{Progress: func(string) { cancel() }})
	f.fails("RemoveAll whose context ends", err, context.Canceled)
}

func removeAllUploads(f fixture) {
	data := content(1, 3000)
	size := int64(len(data))
	begin := func(path string) tranship.Upload {
		f.Helper()
		upload, err := f.store.Begin(f.Context(), tranship.Spec{Path: path, Size: &size, ResumeKey: "key"})
		if err != nil {
			f.Fatalf("Begin: %v", err)
		}
		return upload
	}
	below, beside := begin("d/upload"), begin("d-upload")
	f.put("d/file", nil)
	if got, err := f.removal(f.Context(), "d", nil); err != nil || len(got) != 1 {
		f.Fatalf("RemoveAll removes %q, %v", got, err)
	}
	f.finish(below, data)
	f.has("d/upload", data)
	other := begin("d/e/upload")
	if n, err := tranship.AbortUploads(f.Context(), f.store, "d"); n != 1 || err != nil {
		f.Fatalf("AbortUploads removes %d uploads, %v, want 1", n, err)
	}
	_, err := other.Commit(f.Context(), tranship.Commit{Size: size})
	f.fails("Commit of an upload that was removed", err, tranship.ErrAborted)
	if n, err := tranship.AbortUploads(f.Context(), f.store, "d"); n != 0 || err != nil {
		f.Fatalf("AbortUploads again removes %d uploads, %v", n, err)
	}
	if err := beside.Abort(f.Context()); err != nil {
		f.Fatalf("Abort: %v", err)
	}
}
