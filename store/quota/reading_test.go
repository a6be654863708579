package quota_test

import (
	"context"
	"errors"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/disk"
	"github.com/tranship/tranship/store/quota"
)

// A file that was replaced or removed counts as long as it is open.
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
	_, err := store.Move(ann, "a", "moved", tranship.Precondition{}) // which still exists
	must(t, err)
	has(t, store, "ann", quota.Usage{Bytes: 50, Files: 1})
	must(t, store.Remove(ann, "moved", tranship.Precondition{}))
	has(t, store, "ann", quota.Usage{ReservedBytes: 50, ReservedFiles: 1})
	must(t, third.Close())
	has(t, store, "ann", quota.Usage{})
	if _, err := store.Open(ann, "a", tranship.OpenOptions{}); !errors.Is(err, tranship.ErrNotFound) {
		t.Error(err)
	}

	// Each replaced file counts that is still open.
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

	// A repeated commit replaces nothing.
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

// openStore is a store that calls a function just before it opens a file.
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

// TestReplacedWhileItIsOpened replaces a file, or moves it and creates another, just before
// it is opened. The file that was opened must count when it is replaced later.
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
