package quota_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/quota"
)

func TestFileBytes(t *testing.T) {
	inner := &mem.Store{PartSize: 8}
	store := limited(t, inner, quota.Options{FileBytes: 10})
	ctx := t.Context()
	must(t, put(ctx, store, "a", 10))
	refused(t, put(ctx, store, "a", 11), tranship.ErrLimit, tranship.LimitFileBytes)
	_, err := begin(ctx, store, "b", 11, "")
	refused(t, err, tranship.ErrLimit, tranship.LimitFileBytes)

	upload, err := begin(ctx, store, "b", -1, "")
	must(t, err)
	must(t, write(ctx, upload, 8))
	part, err := upload.Part(ctx, 1)
	must(t, err)
	if _, err := part.Write(make([]byte, 2)); err != nil {
		t.Error(err)
	}
	_, err = part.Write(make([]byte, 1))
	refused(t, err, tranship.ErrLimit, tranship.LimitFileBytes)
	released := false
	refused(t, tranship.WriteChunk(part, tranship.NewChunk([][]byte{{1}}, tranship.CRC32C([]byte{1}), func() { released = true })), tranship.ErrLimit, tranship.LimitFileBytes)
	if !released {
		t.Error("a refused chunk was not released")
	}
	refused(t, upload.CopyPart(ctx, 2, "a", tranship.OpenOptions{}), tranship.ErrLimit, tranship.LimitFileBytes)
	must(t, part.Close())
	if file, err := upload.Commit(ctx, tranship.Commit{Size: 10}); err != nil || file.Size != 10 {
		t.Errorf("the largest file: %+v, %v", file, err)
	}

	must(t, put(ctx, inner, "large", 11))
	_, err = store.Copy(ctx, "large", "copy", tranship.Precondition{})
	refused(t, err, tranship.ErrLimit, tranship.LimitFileBytes)
}

// A file counts for the caller that created it, also after it is moved. So does a directory.
func TestFilesCountForTheirCreator(t *testing.T) {
	directory := t.TempDir()
	inner := openDisk(t, directory)
	store := limited(t, inner, quota.Options{Bytes: 100, Files: 4})
	ann, ben := as(t, "ann"), as(t, "ben")
	must(t, put(ann, store, "d/a", 40))
	must(t, put(ann, store, "d/b", 40))
	has(t, store, "ann", quota.Usage{Bytes: 80, Files: 3}) // and a directory
	refused(t, put(ann, store, "c", 21), tranship.ErrQuota, tranship.LimitQuotaBytes)
	must(t, put(ann, store, "d/a", 60)) // in the place of 40
	has(t, store, "ann", quota.Usage{Bytes: 100, Files: 3})
	must(t, put(ann, store, "empty", 0))
	refused(t, put(ann, store, "empty2", 0), tranship.ErrQuota, tranship.LimitQuotaFiles)

	_, err := store.Move(ben, "d/a", "moved", tranship.Precondition{})
	must(t, err)
	_, err = store.SetAttributes(ben, "moved", tranship.Attributes{Metadata: map[string]string{"k": "v"}, ModTime: new(time.Unix(1, 0))}, tranship.Precondition{})
	must(t, err)
	has(t, store, "ann", quota.Usage{Bytes: 100, Files: 4})
	has(t, store, "ben", quota.Usage{})
	_, err = store.Copy(ben, "moved", "copied", tranship.Precondition{})
	must(t, err)
	has(t, store, "ben", quota.Usage{Bytes: 60, Files: 1})
	_, err = store.Copy(ben, "moved", "copied2", tranship.Precondition{})
	refused(t, err, tranship.ErrQuota, tranship.LimitQuotaBytes)
	must(t, put(ben, store, "d/b", 10)) // ann's
	has(t, store, "ann", quota.Usage{Bytes: 60, Files: 3})
	has(t, store, "ben", quota.Usage{Bytes: 70, Files: 2})
	_, err = store.Move(ann, "copied", "moved", tranship.Precondition{})
	must(t, err)
	has(t, store, "ann", quota.Usage{Files: 2})
	must(t, put(t.Context(), store, "anonymous", 5))
	has(t, store, "", quota.Usage{Bytes: 5, Files: 1})

	// By hand: new, edited, replaced, removed.
	must(t, os.WriteFile(filepath.Join(directory, "hand"), make([]byte, 1000), 0o644))
	file, err := os.OpenFile(filepath.Join(directory, "moved"), os.O_WRONLY|os.O_APPEND, 0)
	must(t, err)
	_, err = file.Write(make([]byte, 7))
	must(t, errors.Join(err, file.Close()))
	must(t, os.RemoveAll(filepath.Join(directory, "d")))
	must(t, inner.Close())
	inner = openDisk(t, directory)
	store = limited(t, inner, quota.Options{Bytes: 100, Files: 4})
	has(t, store, "ann", quota.Usage{Files: 1})
	has(t, store, "ben", quota.Usage{Bytes: 67, Files: 1})
	has(t, store, "", quota.Usage{Bytes: 5, Files: 1})

	for _, path := range []string{"moved", "anonymous", "empty", "hand"} {
		must(t, store.Remove(ben, path, tranship.Precondition{}))
	}
	for _, name := range []string{"ann", "ben", ""} {
		has(t, store, name, quota.Usage{})
	}
	// An account over a lowered limit may make calls that do not increase the excess.
	must(t, put(ann, store, "a", 50))
	must(t, put(ann, store, "b", 50))
	store = limited(t, inner, quota.Options{Bytes: 10})
	must(t, put(ann, store, "a", 49))
	refused(t, put(ann, store, "a", 50), tranship.ErrQuota, tranship.LimitQuotaBytes)
	must(t, store.Remove(ann, "b", tranship.Precondition{}))
	has(t, store, "ann", quota.Usage{Bytes: 49, Files: 1})
	long := strings.Repeat("x", 1000)
	must(t, put(as(t, long), store, "long", 3))
	if store = limited(t, inner, quota.Options{Bytes: 10}); store.Usage(long).Bytes != 3 {
		t.Errorf("a principal with a long name has %v", store.Usage(long))
	}
}

// A path that needs too many directories is refused before any is created, and for an
// upload at its Begin.
func TestDirectories(t *testing.T) {
	inner := openDisk(t, t.TempDir())
	store := limited(t, inner, quota.Options{Files: 5})
	ann, ben := as(t, "ann"), as(t, "ben")
	refused(t, put(ann, store, "a/b/c/d/e/file", 0), tranship.ErrQuota, tranship.LimitQuotaFiles)
	_, err := begin(ann, store, "a/b/c/d/e/file", 1, "key")
	refused(t, err, tranship.ErrQuota, tranship.LimitQuotaFiles)
	has(t, store, "ann", quota.Usage{})
	must(t, put(ann, store, "a/b/c/d/file", 0))
	has(t, store, "ann", quota.Usage{Files: 5})
	must(t, put(ben, store, "a/b/c/d/his", 0))
	has(t, store, "ben", quota.Usage{Files: 1})
	must(t, store.Remove(ann, "a/b/c/d/file", tranship.Precondition{}))
	store = limited(t, inner, quota.Options{Files: 5}) // as after a restart
	has(t, store, "ann", quota.Usage{Files: 4})        // her directories, as long as his file is in them
	_, err = store.Move(ben, "a/b/c/d/his", "x/y/his", tranship.Precondition{})
	must(t, err)
	has(t, store, "ann", quota.Usage{})
	has(t, store, "ben", quota.Usage{Files: 3})
	_, err = store.Move(ann, "x/y/his", "1/2/3/4/5/6/his", tranship.Precondition{})
	refused(t, err, tranship.ErrQuota, tranship.LimitQuotaFiles)
	_, err = store.Copy(ann, "x/y/his", "1/2/3/4/5/6/his", tranship.Precondition{})
	refused(t, err, tranship.ErrQuota, tranship.LimitQuotaFiles)
	has(t, store, "ann", quota.Usage{})
	has(t, store, "ben", quota.Usage{Files: 3})
}

// Empty files and directories take space, too, so that a limit of bytes limits their number.
func TestDefaultFiles(t *testing.T) {
	ann := as(t, "ann")
	for _, test := range []struct {
		options quota.Options
		most    int
	}{
		{quota.Options{Bytes: 1}, 1000},
		{quota.Options{Bytes: 1100 << 10}, 1100},
		{quota.Options{Bytes: 1, Files: 5}, 5},
		{quota.Options{Bytes: 1, Files: -1}, 1200},
		{quota.Options{FileBytes: 1}, 1200},
	} {
		store := limited(t, new(mem.Store), test.options)
		made := 0
		for made < 1200 && put(ann, store, fmt.Sprint("d/", made), 0) == nil {
			made++
		}
		if directories := 1; made+directories != test.most && made != test.most {
			t.Errorf("%+v: %d files in a directory could be created, want %d together", test.options, made, test.most)
		}
	}
}

// lying is a store whose calls take effect and return an error.
type lying struct{ *mem.Store }

var errLie = errors.New("no reply")

func (s lying) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	_, err := s.Store.Put(ctx, spec, data)
	return tranship.File{}, errors.Join(err, errLie)
}

func (s lying) Move(ctx context.Context, from, to string, precondition tranship.Precondition) (tranship.File, error) {
	_, err := s.Store.Move(ctx, from, to, precondition)
	return tranship.File{}, errors.Join(err, errLie)
}

// A change that took effect counts even if its call returned an error.
func TestFailureAfterChange(t *testing.T) {
	inner := new(mem.Store)
	store := limited(t, lying{inner}, quota.Options{Bytes: 100})
	ann := as(t, "ann")
	refused(t, put(ann, store, "a", 5), errLie, "")
	has(t, store, "ann", quota.Usage{Bytes: 5, Files: 1})
	refused(t, put(ann, store, "b", 3), errLie, "")
	_, err := store.Move(ann, "a", "b", tranship.Precondition{})
	refused(t, err, errLie, "")
	has(t, store, "ann", quota.Usage{Bytes: 5, Files: 1})
}

// plain is a store without the ability to keep accounts.
type plain struct{ tranship.Store }

func TestUnsupported(t *testing.T) {
	if _, err := quota.New(t.Context(), plain{new(mem.Store)}, quota.Options{Bytes: 1}); !errors.Is(err, tranship.ErrUnsupported) {
		t.Error(err)
	}
	limited(t, plain{new(mem.Store)}, quota.Options{FileBytes: 1})
}
