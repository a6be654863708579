package transfer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/localdir"
	"github.com/tranship/tranship/store/mem"
)

// Copies that are cut again and again, and each time made again by another process,
// arrive bit by bit, and send no durable part again.
func TestResumeUploadOverManyCuts(t *testing.T) {
	name, data := largeFile(t)
	for _, after := range []int{1, partBytes - 1, partBytes, 4*partBytes + 1, 7 * partBytes, 1_000_003, 20 * partBytes, largeBytes - 1} {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			store := newCutting(after)
			var sent int64
			for runs := 1; ; runs++ {
				if runs > 200 {
					t.Fatal("it does not end")
				}
				got := results{}
				// Parts are what is kept: a cut within the first needs another way on.
				options := Options{Attempts: 1, Parts: 2, Report: got.report(t)}
				if after < 2*partBytes && runs > 3 {
					store.after = 3 * partBytes
				}
				err := Copy(t.Context(), store, localItem(t, name), options)
				result := got[name]
				if err == nil {
					if result.SentBytes+result.SkippedBytes != largeBytes {
						t.Errorf("%d bytes sent and %d skipped", result.SentBytes, result.SkippedBytes)
					}
					break
				}
				if !errors.Is(err, tranship.ErrUnavailable) {
					t.Fatal(err)
				}
				if uploads(t, store) == 1 && errors.Is(err, ErrResumable) != hasDurable(t, store) {
					t.Fatalf("error %v, with durable bytes: %v", err, hasDurable(t, store))
				}
				sent += result.SentBytes
			}
			mustHave(t, store.Store, "copy", data)
			if store.rewritten > 0 || uploads(t, store) != 0 {
				t.Errorf("%d durable parts were sent again, %d uploads are left", store.rewritten, uploads(t, store))
			}
		})
	}
}

func hasDurable(t *testing.T, store tranship.Uploads) bool {
	t.Helper()
	for info, err := range store.ListUploads(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		return info.DurableBytes > 0
	}
	return false
}

// One copy outlives any number of cuts, as long as it gets on.
func TestResumeUploadWithinOneCopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		name, data := largeFile(t)
		store := newCutting(3 * partBytes)
		got, progress := results{}, &Progress{}
		var retries, resumes int
		options := Options{Attempts: 2, Parts: 2, Report: got.report(t), Progress: progress, Events: func(e Event) {
			switch e.Kind {
			case EventRetry:
				retries++
			case EventResume:
				resumes++
			}
		}}
		if err := Copy(t.Context(), store, localItem(t, name), options); err != nil {
			t.Fatal(err)
		}
		mustHave(t, store.Store, "copy", data)
		result, count := got[name], progress.Count()
		if result.SentBytes != largeBytes || result.SkippedBytes != 0 || result.Attempts < 10 || store.rewritten > 0 {
			t.Errorf("%+v, %d rewritten", result, store.rewritten)
		}
		if count.Received != largeBytes || count.Durable != largeBytes || count.Skipped != 0 || count.BytesDone != largeBytes {
			t.Errorf("progress %+v", count)
		}
		if retries != store.begun-1 || resumes < retries-2 {
			t.Errorf("%d begun, %d retries, %d resumed", store.begun, retries, resumes)
		}
	})
}

// interrupted leaves an upload of a local file, with its first 10 parts, in the store.
func interrupted(t *testing.T, store *cutting, name string) Result {
	t.Helper()
	after := store.after
	store.after = 10*partBytes + partBytes/2
	got := results{}
	err := Copy(t.Context(), store, localItem(t, name), Options{Attempts: 1, Parts: 1, Report: got.report(t)})
	if !errors.Is(err, ErrResumable) || !errors.Is(got[name].Err, ErrResumable) || !errors.Is(err, tranship.ErrUnavailable) {
		t.Fatalf("error %v", err)
	}
	store.after = after
	return got[name]
}

func TestResumeProvesParts(t *testing.T) {
	name, data := largeFile(t)
	store := newCutting(-1)
	interrupted(t, store, name)
	// Part 3 changes, with the file's time and size as they were.
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	rewrite(t, name, 3*partBytes+5)
	data[3*partBytes+5] ^= 0xff
	if err := os.Chtimes(name, time.Time{}, info.ModTime()); err != nil {
		t.Fatal(err)
	}
	got, differs := results{}, int64(0)
	options := Options{Report: got.report(t), Events: func(e Event) {
		if e.Kind == EventDiffers {
			differs += e.Bytes
		}
	}}
	if err := Copy(t.Context(), store, localItem(t, name), options); err != nil {
		t.Fatal(err)
	}
	mustHave(t, store.Store, "copy", data)
	result := got[name]
	if differs != partBytes || store.rewritten != 1 || result.SkippedBytes%partBytes != 0 || result.SkippedBytes == 0 ||
		result.SkippedBytes+result.SentBytes != largeBytes {
		t.Errorf("%d bytes differed, %d parts rewritten: %+v", differs, store.rewritten, result)
	}
}

// A commit whose reply was lost is found again, and costs no byte.
func TestResumeRememberedCommit(t *testing.T) {
	name, data := largeFile(t)
	store := newCutting(-1)
	for _, want := range []int64{0, largeBytes} {
		got := results{}
		if err := Copy(t.Context(), store, localItem(t, name), Options{Report: got.report(t)}); err != nil {
			t.Fatal(err)
		}
		if got[name].SkippedBytes != want || got[name].SentBytes != largeBytes-want {
			t.Errorf("%+v, want %d bytes skipped", got[name], want)
		}
	}
	// With other content, the store must forget it.
	rewrite(t, name, 7*partBytes)
	data[7*partBytes] ^= 0xff
	if err := Copy(t.Context(), store, localItem(t, name), Options{}); err != nil {
		t.Fatal(err)
	}
	mustHave(t, store.Store, "copy", data)
}

// Durable parts that a store has lost are sent again.
func TestResumeIncomplete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		name, data := largeFile(t)
		store := newCutting(-1)
		commits := 0
		store.commit = func() error {
			if commits++; commits == 1 {
				return &tranship.IncompleteError{Missing: []tranship.Range{{Length: 5}}}
			}
			return nil
		}
		if err := Copy(t.Context(), store, localItem(t, name), Options{}); err != nil {
			t.Fatal(err)
		}
		mustHave(t, store.Store, "copy", data)
		store.commit = func() error { return &tranship.IncompleteError{Missing: []tranship.Range{{Length: 5}}} }
		rewrite(t, name, 0)
		before := store.begun
		if err := Copy(t.Context(), store, localItem(t, name), Options{}); !errors.Is(err, tranship.ErrPrecondition) {
			t.Errorf("error %v", err)
		}
		if n := store.begun - before; n > maxRestarts+1 {
			t.Errorf("%d uploads were begun", n)
		}
	})
}

// A second copy of the same source ends the first, which does not fight back.
func TestResumeTakenOver(t *testing.T) {
	name, data := largeFile(t)
	store := newCutting(-1)
	taken := false
	store.commit = func() error {
		if !taken {
			taken = true
			if err := Copy(t.Context(), store, localItem(t, name), Options{}); err != nil {
				t.Errorf("the second: %v", err)
			}
		}
		return nil
	}
	err := Copy(t.Context(), store, localItem(t, name), Options{})
	if !errors.Is(err, tranship.ErrAborted) || errors.Is(err, ErrResumable) || store.begun != 2 {
		t.Errorf("error %v after %d uploads", err, store.begun)
	}
	mustHave(t, store.Store, "copy", data)
}

// A copy that is interrupted says that it can go on, and does.
func TestResumeAfterCancel(t *testing.T) {
	name, data := largeFile(t)
	store := newFaulty()
	store.Store = &mem.Store{PartSize: partBytes}
	ctx, cancel := context.WithCancelCause(t.Context())
	writes := 0
	store.write = func(string) error {
		if writes++; writes == 20 {
			cancel(errors.New("interrupted"))
		}
		return nil
	}
	err := Copy(ctx, store, localItem(t, name), Options{})
	if !errors.Is(err, ErrResumable) || store.begun != 0 || uploads(t, store) != 1 {
		t.Fatalf("error %v, %d uploads held, %d there", err, store.begun, uploads(t, store))
	}
	got := results{}
	if err := Copy(t.Context(), store, localItem(t, name), Options{Report: got.report(t)}); err != nil {
		t.Fatal(err)
	}
	mustHave(t, store, "copy", data)
	if got[name].SkippedBytes < 10*partBytes {
		t.Errorf("%+v", got[name])
	}
}

func TestResumeKey(t *testing.T) {
	key := ResumeKey("/a/b")
	if len(key) != 64 || key != ResumeKey("/a/b") || key == ResumeKey("/a/c") {
		t.Errorf("key %q", key)
	}
	keys := []string{key, resumeKey("path", "/a/c"), versionKey("", "a", "1"), versionKey("", "a1", ""), versionKey("a", "", "1"), versionKey("", "a", "2")}
	slices.Sort(keys)
	if len(slices.Compact(keys)) != 6 {
		t.Error("two sources have one key")
	}
}

// The first missing byte does not wait for what is there to be proved; the commit
// does.
func TestResumeSendsBeforeProof(t *testing.T) {
	name, data := largeFile(t)
	store := newCutting(-1)
	interrupted(t, store, name)
	written := make(chan struct{})
	source := opener(func(ctx context.Context, options tranship.OpenOptions) (tranship.Content, error) {
		c, err := localdir.File(name).Open(ctx, "", options)
		if err != nil {
			return nil, err
		}
		return content{readerFunc(func(p []byte) (int, error) {
			if options.Offset < 10*partBytes && *options.Length > 0 {
				<-written
			}
			return c.Read(p)
		}), c.File()}, nil
	})
	items := func(yield func(Item, error) bool) {
		for item := range localItem(t, name) {
			item.Source, item.ResumeKey = source, ResumeKey(name)
			yield(item, nil)
		}
	}
	sent := newFaulty()
	sent.Store = store
	once := false
	sent.write = func(string) error {
		if !once {
			once = true
			close(written)
		}
		return nil
	}
	got := results{}
	if err := Copy(t.Context(), sent, items, Options{Report: got.report(t)}); err != nil {
		t.Fatal(err)
	}
	if got[name].SkippedBytes != 10*partBytes {
		t.Errorf("%+v", got[name])
	}
	mustHave(t, store.Store, "copy", data)
}
