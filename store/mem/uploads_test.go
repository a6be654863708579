package mem_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
)

// moment is the shortest duration.
const moment = time.Nanosecond

// begin begins a resumable upload of 4 bytes.
func begin(t *testing.T, store *mem.Store) tranship.Upload {
	t.Helper()
	upload, err := store.Begin(t.Context(), tranship.Spec{Path: "file", Size: new(int64(4)), ResumeKey: "key"})
	if err != nil {
		t.Fatal(err)
	}
	return upload
}

func write(t *testing.T, upload tranship.Upload) {
	t.Helper()
	writer, err := upload.Part(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Write([]byte("data")); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
}

// unfinished returns the uploads that are listed.
func unfinished(t *testing.T, store *mem.Store) []tranship.UploadInfo {
	t.Helper()
	var all []tranship.UploadInfo
	for info, err := range store.ListUploads(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, info)
	}
	return all
}

// TestUploadsExpire checks the expiry of uploads with a fake clock.
func TestUploadsExpire(t *testing.T) {
	for name, test := range map[string]struct{ set, want time.Duration }{
		"default": {0, 7 * 24 * time.Hour},
		"set":     {time.Hour, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &mem.Store{UploadExpiry: test.set}
				upload := begin(t, store)
				time.Sleep(test.want - moment)
				write(t, upload) // defers the expiry
				time.Sleep(test.want - moment)
				all := unfinished(t, store)
				if len(all) != 1 || all[0].DurableBytes != 4 || !all[0].Expires.Equal(time.Now().Add(moment)) {
					t.Fatalf("a moment before it expires: %+v", all)
				}
				time.Sleep(moment)
				if all := unfinished(t, store); len(all) != 0 {
					t.Fatalf("when it expires: %+v", all)
				}
				if _, err := upload.Commit(t.Context(), tranship.Commit{Size: 4}); !errors.Is(err, tranship.ErrAborted) {
					t.Fatalf("Commit of an expired upload: %v", err)
				}
				if again := begin(t, store); again.ID() == upload.ID() || len(again.Durable()) != 0 {
					t.Fatal("an expired upload was resumed")
				}
			})
		})
	}
}

func TestResumeDefersExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &mem.Store{UploadExpiry: time.Hour}
		older := begin(t, store)
		time.Sleep(time.Hour - moment)
		begin(t, store)
		time.Sleep(time.Hour - moment)
		if upload := begin(t, store); upload.ID() != older.ID() || upload.Epoch() != 3 {
			t.Fatalf("the upload was not resumed: epoch %d", upload.Epoch())
		}
	})
}

func TestCommitsAreRememberedForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &mem.Store{UploadExpiry: time.Hour} // for unfinished uploads only
		older := begin(t, store)
		write(t, older)
		file, err := older.Commit(t.Context(), tranship.Commit{Size: 4})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(24*time.Hour - moment)
		upload := begin(t, store)
		again, err := upload.Commit(t.Context(), tranship.Commit{Size: 4})
		if err != nil || again.Version != file.Version {
			t.Fatalf("Commit within a day: %+v, %v; want version %s", again, err, file.Version)
		}
		time.Sleep(moment)
		if upload := begin(t, store); upload.ID() == older.ID() || upload.Epoch() != 1 {
			t.Fatal("a commit was remembered for more than a day")
		}
		if _, err := store.Stat(t.Context(), "file"); err != nil {
			t.Fatalf("the file was removed when its commit was forgotten: %v", err)
		}
	})
}
