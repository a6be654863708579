package quota_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/store/disk"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/quota"
)

// as is a context in which somebody calls.
func as(t testing.TB, name string) context.Context {
	return access.NewContext(t.Context(), access.Principal{Name: name})
}

// put puts a file of size bytes.
func put(ctx context.Context, store tranship.Writer, path string, size int) error {
	_, err := store.Put(ctx, tranship.Spec{Path: path}, make([]byte, size))
	return err
}

// begin begins an upload of size bytes, less than 0 if it is not told.
func begin(ctx context.Context, store tranship.Writer, path string, size int64, key string) (tranship.Upload, error) {
	spec := tranship.Spec{Path: path, ResumeKey: key}
	if size >= 0 {
		spec.Size = &size
	}
	return store.Begin(ctx, spec)
}

// write writes part 0.
func write(ctx context.Context, upload tranship.Upload, size int) error {
	part, err := upload.Part(ctx, 0)
	if err != nil {
		return err
	}
	_, err = part.Write(make([]byte, size))
	return errors.Join(err, part.Close())
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused checks an error and what it names.
func refused(t testing.TB, err, want error, names tranship.Limit) {
	t.Helper()
	over, ok := errors.AsType[*tranship.LimitError](err)
	if names == "" && !ok && errors.Is(err, want) {
		return
	}
	if !errors.Is(err, want) || !ok || over.Limit != names || over.Allowed == 0 || over.Asked <= over.Allowed {
		t.Errorf("got %v, want %v of the limit %s", err, want, names)
	}
}

// has checks what somebody has.
func has(t testing.TB, store *quota.Store, name string, want quota.Usage) {
	t.Helper()
	if got := store.Usage(name); got != want {
		t.Errorf("%s has %v, want %v", name, got, want)
	}
}

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
		t.Error("a chunk that was refused was not released")
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

// A file counts for the caller that made it, wherever it goes, and so does a directory.
func TestWhomItCountsFor(t *testing.T) {
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
	// Limits that are lower than what is there forbid only what makes it worse.
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
		t.Errorf("one with a long name has %v", store.Usage(long))
	}
}

// Uploads reserve what they need, keep it as long as they can be resumed, and give it
// back.
func TestReservations(t *testing.T) {
	inner := &mem.Store{PartSize: 8}
	options := quota.Options{Bytes: 20, Files: 3, Uploads: 2}
	store := limited(t, inner, options)
	ann := as(t, "ann")
	known, err := begin(ann, store, "known", 8, "key")
	must(t, err)
	unknown, err := begin(ann, store, "unknown", -1, "")
	must(t, err)
	has(t, store, "ann", quota.Usage{ReservedBytes: 8, ReservedFiles: 2, Uploads: 2})
	_, err = begin(ann, store, "third", 1, "")
	refused(t, err, tranship.ErrQuota, tranship.LimitUploads)
	must(t, put(as(t, "ben"), store, "ben", 20))

	if _, wrapped := any(mustPart(t, known)).(tranship.ChunkWriter); wrapped {
		t.Error("a writer of an upload of known size is not the store's own")
	}
	must(t, write(ann, unknown, 8))
	must(t, write(ann, unknown, 8)) // the same part
	has(t, store, "ann", quota.Usage{ReservedBytes: 16, ReservedFiles: 2, Uploads: 2})
	part, err := unknown.Part(ann, 1)
	must(t, err)
	_, err = part.Write(make([]byte, 5))
	refused(t, err, tranship.ErrQuota, tranship.LimitQuotaBytes)
	refused(t, put(ann, store, "put", 5), tranship.ErrQuota, tranship.LimitQuotaBytes)
	refused(t, unknown.CopyPart(ann, 1, "ben", tranship.OpenOptions{}), tranship.ErrQuota, tranship.LimitQuotaBytes)
	must(t, part.Close())
	_, err = unknown.Commit(ann, tranship.Commit{Size: 8})
	must(t, err)
	has(t, store, "ann", quota.Usage{Bytes: 8, Files: 1, ReservedBytes: 8, ReservedFiles: 1, Uploads: 1})
	must(t, unknown.Abort(ann)) // does nothing any more
	must(t, store.Remove(ann, "unknown", tranship.Precondition{}))

	// It is resumed without being counted twice, also in a new process.
	must(t, write(ann, known, 8))
	for range 3 {
		must(t, known.Detach(ann))
		store = limited(t, inner, options)
		has(t, store, "ann", quota.Usage{ReservedBytes: 8, ReservedFiles: 1, Uploads: 1})
		known, err = begin(ann, store, "known", 8, "key")
		must(t, err)
		older := known
		known, err = begin(ann, store, "known", 8, "key")
		must(t, err)
		must(t, older.Abort(ann)) // does nothing
		has(t, store, "ann", quota.Usage{ReservedBytes: 8, ReservedFiles: 1, Uploads: 1})
	}
	for range 2 { // the second time as if the first reply had been lost
		_, err = known.Commit(ann, tranship.Commit{Size: 8})
		must(t, err)
		has(t, store, "ann", quota.Usage{Bytes: 8, Files: 1})
		known, err = begin(ann, store, "known", 8, "key")
		must(t, err)
	}
	must(t, known.Detach(ann))

	other, err := begin(ann, store, "other", 8, "key")
	must(t, err)
	must(t, store.AbortUpload(ann, other.ID()))
	must(t, other.Abort(ann))
	must(t, put(ann, store, "put", 12))
	must(t, store.Remove(ann, "put", tranship.Precondition{}))
	must(t, store.Remove(ann, "known", tranship.Precondition{}))
	if usage := store.Usage("ann"); usage.Bytes != 0 || usage.ReservedBytes != 0 || usage.Files != 0 || usage.ReservedFiles != 0 {
		t.Errorf("in the end ann has %v", usage)
	}
}

func mustPart(t *testing.T, upload tranship.Upload) tranship.PartWriter {
	t.Helper()
	part, err := upload.Part(t.Context(), 0)
	must(t, err)
	return part
}

// The file that an upload is to replace may go before the commit.
func TestReplacedFileGoes(t *testing.T) {
	store := limited(t, &mem.Store{PartSize: 8}, quota.Options{Bytes: 8})
	ann := as(t, "ann")
	must(t, put(ann, store, "a", 8))
	upload, err := begin(ann, store, "a", 8, "")
	must(t, err)
	must(t, write(ann, upload, 8))
	has(t, store, "ann", quota.Usage{Bytes: 8, Files: 1, Uploads: 1})
	must(t, store.Remove(ann, "a", tranship.Precondition{}))
	must(t, put(ann, store, "b", 1))
	_, err = upload.Commit(ann, tranship.Commit{Size: 8})
	refused(t, err, tranship.ErrQuota, tranship.LimitQuotaBytes)
	must(t, store.Remove(ann, "b", tranship.Precondition{}))
	_, err = upload.Commit(ann, tranship.Commit{Size: 8})
	must(t, err)
	has(t, store, "ann", quota.Usage{Bytes: 8, Files: 1})
}

// What uploads over the caller's own file store counts, except for one of them.
func TestUploadsOverOwnFile(t *testing.T) {
	inner := &mem.Store{PartSize: 8}
	options := quota.Options{Bytes: 20, Files: 10}
	store := limited(t, inner, options)
	ann := as(t, "ann")
	must(t, put(ann, store, "a", 10))
	first, err := begin(ann, store, "a", 10, "key1")
	must(t, err)
	has(t, store, "ann", quota.Usage{Bytes: 10, Files: 1, ReservedBytes: 10, ReservedFiles: 1, Uploads: 1})
	_, err = begin(ann, store, "a", 12, "key2") // only what is more than the file
	refused(t, err, tranship.ErrQuota, tranship.LimitQuotaBytes)
	second, err := begin(ann, store, "a", 9, "key2")
	must(t, err)
	has(t, store, "ann", quota.Usage{Bytes: 10, Files: 1, ReservedBytes: 10, ReservedFiles: 1, Uploads: 2})
	_, err = begin(ann, store, "a", 9, "key3")
	refused(t, err, tranship.ErrQuota, tranship.LimitQuotaBytes)
	must(t, put(ann, store, "a", 10)) // there twice only while it is put
	must(t, second.Detach(ann))
	_, err = begin(ann, store, "a", 9, "key3")
	refused(t, err, tranship.ErrQuota, tranship.LimitQuotaBytes)
	must(t, store.AbortUpload(ann, second.ID()))
	second, err = begin(ann, store, "a", 9, "key3")
	must(t, err)

	// After a restart both count in full, and none more may be begun beyond the limit.
	must(t, errors.Join(first.Detach(ann), second.Detach(ann)))
	store = limited(t, inner, options)
	has(t, store, "ann", quota.Usage{Bytes: 10, Files: 1, ReservedBytes: 19, ReservedFiles: 2, Uploads: 2})
	_, err = begin(ann, store, "a", 9, "key4")
	refused(t, err, tranship.ErrQuota, tranship.LimitQuotaBytes)
	second, err = begin(ann, store, "a", 9, "key3") // what was begun can be finished
	must(t, err)
	must(t, write(ann, second, 8))
	part, err := second.Part(ann, 1)
	must(t, err)
	_, err = part.Write([]byte{1})
	must(t, errors.Join(err, part.Close()))
	_, err = second.Commit(ann, tranship.Commit{Size: 9})
	must(t, err)
	has(t, store, "ann", quota.Usage{Bytes: 9, Files: 1, ReservedBytes: 10, ReservedFiles: 1, Uploads: 1})
}

// What an upload of unknown size has reached it keeps, as the disk does.
func TestUnknownSizeKeepsWhatItReached(t *testing.T) {
	store := limited(t, &mem.Store{PartSize: 8}, quota.Options{Bytes: 20})
	ann := as(t, "ann")
	upload, err := begin(ann, store, "a", -1, "")
	must(t, err)
	for _, size := range []int{8, 1} { // begun again with less
		must(t, write(ann, upload, size))
		has(t, store, "ann", quota.Usage{ReservedBytes: 8, ReservedFiles: 1, Uploads: 1})
	}
	part, err := upload.Part(ann, 2)
	must(t, err)
	_, err = part.Write([]byte{1})
	must(t, err)
	has(t, store, "ann", quota.Usage{ReservedBytes: 17, ReservedFiles: 1, Uploads: 1}) // the hole, too
	_, err = part.Write(make([]byte, 4))
	refused(t, err, tranship.ErrQuota, tranship.LimitQuotaBytes)
	must(t, upload.Abort(ann))
	has(t, store, "ann", quota.Usage{})
}

// Directories are refused before there are any, and early for an upload.
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

// What was replaced or removed counts as long as it is read.
func TestReplacedWhileItIsRead(t *testing.T) {
	inner := openDisk(t, t.TempDir())
	store := limited(t, inner, quota.Options{Bytes: 100})
	ann, ben := as(t, "ann"), as(t, "ben")
	must(t, put(ann, store, "a", 40))
	open := func(ctx context.Context, path string) tranship.Content {
		t.Helper()
		content, err := store.Open(ctx, path, tranship.OpenOptions{})
		must(t, err)
		return content
	}
	first, second := open(ann, "a"), open(ben, "a")
	has(t, store, "ann", quota.Usage{Bytes: 40, Files: 1})
	must(t, put(ann, store, "a", 50))
	has(t, store, "ann", quota.Usage{Bytes: 50, Files: 1, ReservedBytes: 40, ReservedFiles: 1})
	third := open(ann, "a")
	refused(t, put(ann, store, "b", 11), tranship.ErrQuota, tranship.LimitQuotaBytes)
	must(t, errors.Join(first.Close(), first.Close()))
	refused(t, put(ann, store, "b", 11), tranship.ErrQuota, tranship.LimitQuotaBytes)
	must(t, second.Close())
	has(t, store, "ann", quota.Usage{Bytes: 50, Files: 1})
	_, err := store.Move(ann, "a", "moved", tranship.Precondition{}) // and is there
	must(t, err)
	has(t, store, "ann", quota.Usage{Bytes: 50, Files: 1})
	must(t, store.Remove(ann, "moved", tranship.Precondition{}))
	has(t, store, "ann", quota.Usage{ReservedBytes: 50, ReservedFiles: 1})
	must(t, third.Close())
	has(t, store, "ann", quota.Usage{})
	if _, err := store.Open(ann, "a", tranship.OpenOptions{}); !errors.Is(err, tranship.ErrNotFound) {
		t.Error(err)
	}

	// However often it is replaced while it is read.
	var readers []tranship.Content
	for err = put(ann, store, "again", 20); err == nil; err = put(ann, store, "again", 20) {
		readers = append(readers, open(ann, "again"))
	}
	refused(t, err, tranship.ErrQuota, tranship.LimitQuotaBytes)
	has(t, store, "ann", quota.Usage{Bytes: 20, Files: 1, ReservedBytes: 80, ReservedFiles: 4})
	for _, reader := range readers {
		must(t, reader.Close())
	}
	must(t, put(ann, store, "again", 100))
	must(t, put(ann, store, "again", 100))
	must(t, store.Remove(ann, "again", tranship.Precondition{}))
	has(t, store, "ann", quota.Usage{})

	// A commit that is begun again replaces nothing.
	for range 2 {
		upload, err := begin(ann, store, "empty", 0, "key")
		must(t, err)
		if upload.Epoch() > 1 {
			first = open(ann, "empty")
		}
		_, err = upload.Commit(ann, tranship.Commit{})
		must(t, err)
		has(t, store, "ann", quota.Usage{Files: 1})
	}
	must(t, first.Close())
}

// Empty files and directories take room, too, so that a limit of bytes limits them.
// openStore is a store on which something happens just before a file is opened.
type openStore struct {
	*disk.Store
	before func()
}

func (s *openStore) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	if before := s.before; before != nil {
		s.before = nil
		before()
	}
	return s.Store.Open(ctx, path, options)
}

// TestReplacedWhileItIsOpened has a file replaced, or moved and made again, when it is
// about to be opened: what is read then counts all the same when it is replaced.
func TestReplacedWhileItIsOpened(t *testing.T) {
	inner := &openStore{Store: openDisk(t, t.TempDir())}
	store := limited(t, inner, quota.Options{Bytes: 100})
	ann := as(t, "ann")
	must(t, put(ann, store, "a", 30))
	for name, before := range map[string]func(){
		"replaced": func() { must(t, put(ann, store, "a", 20)) },
		"moved": func() {
			_, err := store.Move(ann, "a", "b", tranship.Precondition{})
			must(t, errors.Join(err, put(ann, store, "a", 20), store.Remove(ann, "b", tranship.Precondition{})))
		},
	} {
		inner.before = before
		content, err := store.Open(ann, "a", tranship.OpenOptions{})
		must(t, err)
		t.Log(name)
		has(t, store, "ann", quota.Usage{Bytes: 20, Files: 1})
		must(t, put(ann, store, "a", 10))
		has(t, store, "ann", quota.Usage{Bytes: 10, Files: 1, ReservedBytes: 20, ReservedFiles: 1})
		must(t, content.Close())
		has(t, store, "ann", quota.Usage{Bytes: 10, Files: 1})
	}
}

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
			t.Errorf("%+v: %d files in a directory could be made, want %d together", test.options, made, test.most)
		}
	}
}

// An upload that was there before, and may not go on, still counts.
func TestRefusedResumption(t *testing.T) {
	inner := &mem.Store{PartSize: 8}
	store := limited(t, inner, quota.Options{Bytes: 8})
	begun, err := begin(t.Context(), inner, "a", 9, "key") // without the ledger
	must(t, err)
	must(t, begun.Detach(t.Context()))
	_, err = begin(t.Context(), store, "a", 9, "key")
	refused(t, err, tranship.ErrQuota, tranship.LimitQuotaBytes)
	has(t, store, "", quota.Usage{ReservedBytes: 9, ReservedFiles: 1, Uploads: 1})
	must(t, store.AbortUpload(t.Context(), begun.ID()))
	has(t, store, "", quota.Usage{})
}

// What expired uploads had reserved is given to who needs it.
func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := limited(t, &mem.Store{PartSize: 8, UploadExpiry: time.Hour}, quota.Options{Bytes: 10, Uploads: 1})
		ann := as(t, "ann")
		upload, err := begin(ann, store, "a", 8, "key")
		must(t, err)
		must(t, upload.Detach(ann))
		refused(t, put(ann, store, "b", 3), tranship.ErrQuota, tranship.LimitQuotaBytes)
		time.Sleep(2 * time.Hour)
		must(t, put(ann, store, "b", 3))
		_, err = begin(ann, store, "a", 7, "key")
		must(t, err)
		has(t, store, "ann", quota.Usage{Bytes: 3, Files: 1, ReservedBytes: 7, ReservedFiles: 1, Uploads: 1})
	})
}

// lying makes files and says that it failed.
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

// What was done counts, whatever was said of it.
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

// plain is a store that keeps no accounts.
type plain struct{ tranship.Store }

func TestUnsupported(t *testing.T) {
	if _, err := quota.New(t.Context(), plain{new(mem.Store)}, quota.Options{Bytes: 1}); !errors.Is(err, tranship.ErrUnsupported) {
		t.Error(err)
	}
	limited(t, plain{new(mem.Store)}, quota.Options{FileBytes: 1})
}

// Whatever runs at once, nobody ever has more than the quota, and in the end nothing is
// reserved.
func TestRaces(t *testing.T) {
	const bytesLimit, filesLimit, workers, rounds = 1000, 12, 16, 60
	inner := &mem.Store{PartSize: 100}
	store := limited(t, inner, quota.Options{Bytes: bytesLimit, Files: filesLimit})
	names := []string{"ann", "ben"}
	// actual is what is really there; the store is asked and not the ledger.
	actual := func() map[string]quota.Usage {
		sums := map[string]quota.Usage{}
		for file, err := range inner.Accounts(t.Context()) {
			must(t, err)
			sum := sums[*file.Account]
			sum.Bytes += file.Size
			sum.Files++
			sums[*file.Account] = sum
		}
		return sums
	}
	var group sync.WaitGroup
	var made, denied atomic.Int64
	for worker := range workers {
		group.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 1))
			ctx := as(t, names[worker%len(names)])
			for range rounds {
				path := fmt.Sprintf("%d", random.IntN(20))
				size := random.IntN(300)
				var err error
				switch random.IntN(8) {
				case 0, 1:
					err = put(ctx, store, path, size)
				case 2:
					err = store.Remove(ctx, path, tranship.Precondition{})
				case 3:
					_, err = store.Move(ctx, path, fmt.Sprintf("%d", random.IntN(20)), tranship.Precondition{})
				case 4:
					_, err = store.Copy(ctx, path, fmt.Sprintf("%d", random.IntN(20)), tranship.Precondition{})
				default:
					err = raceUpload(ctx, store, random, path, size)
				}
				switch {
				case err == nil:
					made.Add(1)
				case errors.Is(err, tranship.ErrQuota):
					denied.Add(1)
				case errors.Is(err, tranship.ErrNotFound), errors.Is(err, tranship.ErrAborted):
				default:
					t.Error(err)
				}
				for name, sum := range actual() {
					if sum.Bytes > bytesLimit || sum.Files > filesLimit {
						t.Errorf("%s has %v", name, sum)
					}
				}
			}
		})
	}
	group.Wait()
	for info, err := range store.ListUploads(t.Context(), "") {
		must(t, err)
		must(t, store.AbortUpload(t.Context(), info.ID))
	}
	for _, name := range names {
		has(t, store, name, actual()[name])
	}
	if made.Load() == 0 || denied.Load() == 0 {
		t.Errorf("%d succeeded and %d were refused: the test shows nothing", made.Load(), denied.Load())
	}
}

// raceUpload makes a file in one of the ways there are, or gives up.
func raceUpload(ctx context.Context, store tranship.Store, random *rand.Rand, path string, size int) error {
	declared, key := int64(size), ""
	switch random.IntN(3) {
	case 0:
		declared = -1
	case 1:
		key = "key"
	}
	upload, err := begin(ctx, store, path, declared, key)
	if err != nil {
		return err
	}
	for offset := 0; offset < size && err == nil; offset += 100 {
		var part tranship.PartWriter
		if part, err = upload.Part(ctx, offset/100); err == nil {
			_, err = part.Write(bytes.Repeat([]byte{1}, min(100, size-offset)))
			err = errors.Join(err, part.Close())
		}
	}
	if err == nil && random.IntN(4) > 0 {
		if _, err = upload.Commit(ctx, tranship.Commit{Size: int64(size)}); err == nil {
			return nil
		}
	}
	if random.IntN(2) == 0 {
		return errors.Join(err, upload.Detach(ctx))
	}
	return errors.Join(err, upload.Abort(ctx))
}
