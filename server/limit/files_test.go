package limit_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/storetest"
)

func TestFilesStore(t *testing.T) {
	storetest.Test(t, func(*testing.T) tranship.Store {
		return limit.NewFiles(1000).Store(&mem.Store{PartSize: 1000})
	})
}

// unlisted is a store whose uploads must not be listed.
type unlisted struct {
	*mem.Store
	t *testing.T
}

func (u unlisted) ListUploads(context.Context, string) iter.Seq2[tranship.UploadInfo, error] {
	u.t.Error("uploads are listed")
	return func(func(tranship.UploadInfo, error) bool) {}
}

// An upload is found by its id through the store, without a list of those of all callers.
func TestFilesStoreFindsUploads(t *testing.T) {
	store := limit.NewFiles(1000).Store(unlisted{&mem.Store{}, t})
	upload, err := store.Begin(t.Context(), tranship.Spec{Path: "up", Size: new(int64(5 << 20)), ResumeKey: "key"})
	if err != nil {
		t.Fatal(err)
	}
	if found, err := tranship.FindUpload(t.Context(), store, upload.ID()); err != nil || found.Path != "up" {
		t.Errorf("found %+v, %v", found, err)
	}
}

// TestFiles checks that a caller has at most a quarter of the descriptors, that others
// have theirs then, and that all come back.
func TestFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := &mem.Store{PartSize: 1000}
		store := limit.NewFiles(80).Store(inner)
		alice := access.NewContext(t.Context(), access.Principal{Name: "alice"})
		bob := access.NewContext(t.Context(), access.Principal{Name: "bob"})
		if _, err := store.Put(alice, tranship.Spec{Path: "file"}, []byte("content")); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			var close []func() error
			for range 10 {
				content, err := store.Open(alice, "file", tranship.OpenOptions{})
				if err != nil {
					t.Fatal(err)
				}
				close = append(close, content.Close)
			}
			for range 5 {
				upload, err := store.Begin(alice, tranship.Spec{Path: "new"})
				if err != nil {
					t.Fatal(err)
				}
				close = append(close, func() error { return upload.Abort(t.Context()) })
			}
			begun := time.Now()
			if _, err := store.Open(alice, "file", tranship.OpenOptions{}); !errors.Is(err, tranship.ErrUnavailable) || time.Since(begun) != 10*time.Second {
				t.Errorf("one file more than a quarter: %v after %v", err, time.Since(begun))
			}
			if _, err := store.Stat(alice, "file"); !errors.Is(err, tranship.ErrUnavailable) {
				t.Errorf("stat: %v", err)
			}
			for _, err := range store.List(alice, tranship.ListOptions{}) {
				if !errors.Is(err, tranship.ErrUnavailable) {
					t.Errorf("list: %v", err)
				}
			}
			if err := read(bob, store); err != nil {
				t.Errorf("another caller: %v", err)
			}
			for _, close := range close {
				if err := close(); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

// read does what takes descriptors, once each.
func read(ctx context.Context, store tranship.Store) error {
	for _, err := range store.List(ctx, tranship.ListOptions{}) {
		if err != nil {
			return err
		}
	}
	content, err := store.Open(ctx, "file", tranship.OpenOptions{})
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, content)
	return errors.Join(err, content.Close())
}
