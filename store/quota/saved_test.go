package quota_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/program"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/quota"
)

// countedStore is a store in memory whose counts of all files wait, and which has many more files.
type countedStore struct {
	*mem.Store
	// more is the number of files of one byte that ann has besides.
	more int
	// gate is received from before each count, and end after it; nil for never.
	gate, end chan struct{}
	// stored is received from after each Put; nil for never.
	stored chan struct{}

	mu     sync.Mutex
	counts int
}

// Accounts implements tranship.AccountKeeper.
func (s *countedStore) Accounts(ctx context.Context) iter.Seq2[tranship.AccountEntry, error] {
	return func(yield func(tranship.AccountEntry, error) bool) {
		s.mu.Lock()
		s.counts++
		s.mu.Unlock()
		if s.gate != nil {
			select {
			case <-s.gate:
			case <-ctx.Done():
				yield(tranship.AccountEntry{}, ctx.Err())
				return
			}
		}
		ann := "ann"
		for n := range s.more {
			if !yield(tranship.AccountEntry{Path: fmt.Sprint("more/", n), Size: 1, Account: &ann}, nil) {
				return
			}
		}
		for entry, err := range s.Store.Accounts(ctx) {
			if !yield(entry, err) {
				return
			}
		}
		if s.end != nil {
			<-s.end
		}
	}
}

// Put implements tranship.Writer.
func (s *countedStore) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	file, err := s.Store.Put(ctx, spec, data)
	if s.stored != nil {
		<-s.stored
	}
	return file, err
}

// counted returns how often all files were counted.
func (s *countedStore) counted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// saving opens a quota that saves its sums.
func saving(t *testing.T, store tranship.Store, log *program.Output) *quota.Store {
	t.Helper()
	options := quota.Options{Bytes: 1 << 40, Files: 1 << 40, Saved: true}
	if log != nil {
		options.Logger = slog.New(slog.NewTextHandler(log, nil))
	}
	opened, err := quota.New(t.Context(), store, options)
	must(t, err)
	return opened
}

// manyFiles is how many files the tests count.
const manyFiles = 150_000

// TestSavedSums starts again with many files: no count comes before the start, and the one in the
// background finds no difference.
func TestSavedSums(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := &countedStore{Store: &mem.Store{}, more: manyFiles}
		first := saving(t, inner, nil)
		must(t, put(as(t, "ann"), first, "d/file", 1000))
		must(t, put(as(t, "ben"), first, "file", 10))
		must(t, put(as(t, "eve"), first, "gone", 10))
		must(t, first.Remove(as(t, "eve"), "gone", tranship.Precondition{}))
		want := quota.Usage{Bytes: manyFiles + 1000, Files: manyFiles + 2}
		has(t, first, "ann", want)
		must(t, first.Close())

		inner.gate = make(chan struct{})
		var log program.Output
		second := saving(t, inner, &log)
		has(t, second, "ann", want)
		has(t, second, "ben", quota.Usage{Bytes: 10, Files: 1})
		has(t, second, "eve", quota.Usage{})
		synctest.Wait()
		if inner.counted() != 2 {
			t.Errorf("%d counts, want one in the background", inner.counted())
		}
		// A file that is stored meanwhile is in the sums, whether the count sees it or not.
		must(t, put(as(t, "ben"), second, "another", 100))
		inner.gate <- struct{}{}
		synctest.Wait()
		has(t, second, "ann", want)
		has(t, second, "ben", quota.Usage{Bytes: 110, Files: 2})
		if text := log.String(); strings.Contains(text, "level=WARN") || !strings.Contains(text, "corrected=0") {
			t.Error(text)
		}
		must(t, second.Close())
	})
}

// TestSavedSumsDiffer changes files while no server runs. The sums are corrected in the background,
// and the correction is logged and saved.
func TestSavedSumsDiffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := &countedStore{Store: &mem.Store{}}
		first := saving(t, inner, nil)
		must(t, put(as(t, "ann"), first, "a", 1000))
		must(t, put(as(t, "ben"), first, "b", 10))
		must(t, first.Close())
		must(t, inner.Remove(t.Context(), "a", tranship.Precondition{}))
		inner.more = 500
		var log program.Output
		second := saving(t, inner, &log)
		synctest.Wait()
		has(t, second, "ann", quota.Usage{Bytes: 500, Files: 500})
		has(t, second, "ben", quota.Usage{Bytes: 10, Files: 1})
		for _, want := range []string{"principal=ann bytes=1000 files=1 counted_bytes=500 counted_files=500", "corrected=1"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("%s lacks %s", log.String(), want)
			}
		}
		must(t, second.Close())
		inner.gate = make(chan struct{})
		third := saving(t, inner, nil)
		has(t, third, "ann", quota.Usage{Bytes: 500, Files: 500})
		must(t, third.Close())
	})
}

// TestSavedSumsUnderWay counts the files again while a Put has made its file and not counted it.
func TestSavedSumsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := &countedStore{Store: &mem.Store{}}
		first := saving(t, inner, nil)
		must(t, put(as(t, "ann"), first, "a", 1000))
		must(t, first.Close())

		inner.end = make(chan struct{})
		second := saving(t, inner, nil)
		synctest.Wait()
		must(t, put(as(t, "ann"), second, "b", 100)) // too late for the count, which leaves the sum in doubt
		inner.end <- struct{}{}
		synctest.Wait()
		inner.end, inner.stored = nil, make(chan struct{})
		stored := make(chan error)
		go func() { stored <- put(as(t, "ann"), second, "c", 10) }()
		time.Sleep(time.Hour) // the second count begins
		inner.stored <- struct{}{}
		must(t, <-stored)
		synctest.Wait()
		has(t, second, "ann", quota.Usage{Bytes: 1110, Files: 3})
		if inner.counted() != 3 {
			t.Errorf("%d counts, want 3", inner.counted())
		}
		must(t, second.Close())
	})
}

// TestSavedSumsAfterCrash starts again without a Close. Files can be removed at once; what would be
// stored waits for the count, and fails after a while.
func TestSavedSumsAfterCrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := &countedStore{Store: &mem.Store{}}
		first := saving(t, inner, nil)
		must(t, put(as(t, "ann"), first, "a", 1000))
		must(t, first.Close())
		crashed := saving(t, inner, nil)
		must(t, put(as(t, "ann"), crashed, "b", 500))
		time.Sleep(time.Minute) // the sums are saved
		must(t, put(as(t, "ben"), crashed, "c", 10))
		must(t, put(as(t, "ben"), crashed, "d", 20))

		inner.gate = make(chan struct{})
		second := saving(t, inner, nil)
		must(t, second.Remove(as(t, "ann"), "a", tranship.Precondition{}))
		if err := put(as(t, "ann"), second, "e", 1); !errors.Is(err, tranship.ErrUnavailable) {
			t.Errorf("a put before the count: %v", err)
		}
		waiting := make(chan error, 1)
		go func() { waiting <- put(as(t, "ben"), second, "e", 1) }()
		synctest.Wait()
		inner.gate <- struct{}{}
		must(t, <-waiting)
		has(t, second, "ben", quota.Usage{Bytes: 31, Files: 3})
		// The count may have seen the file that was removed: the sum is not too small.
		if usage := second.Usage("ann"); usage.Bytes < 500 || usage.Bytes > 2500 {
			t.Errorf("ann has %v", usage)
		}
		go func() { inner.gate <- struct{}{} }()
		time.Sleep(time.Hour) // it is counted again, because the sum is in doubt
		has(t, second, "ann", quota.Usage{Bytes: 500, Files: 1})
		must(t, second.Close())
		third := saving(t, inner, nil)
		has(t, third, "ann", quota.Usage{Bytes: 500, Files: 1})
		has(t, third, "ben", quota.Usage{Bytes: 31, Files: 3})
		must(t, third.Close())
		// Only to end its goroutines: it must not change what the others have saved.
		if err := crashed.Close(); !errors.Is(err, tranship.ErrPrecondition) {
			t.Errorf("Close of the crashed one: %v", err)
		}
	})
}

// TestSavedSumsDamaged damages what was saved: the files are counted before more can be stored.
func TestSavedSumsDamaged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := &countedStore{Store: &mem.Store{}}
		first := saving(t, inner, nil)
		must(t, put(as(t, "ann"), first, "a", 1000))
		must(t, first.Close())
		for entry, err := range inner.ListState(t.Context(), "quota-sums/of/") {
			must(t, err)
			entry.Value = []byte(`{"name":"ann","bytes":-5}`)
			_, err = inner.SwapState(t.Context(), entry)
			must(t, err)
		}
		second := saving(t, inner, nil)
		must(t, put(as(t, "ann"), second, "b", 1))
		has(t, second, "ann", quota.Usage{Bytes: 1001, Files: 2})
		must(t, second.Close())
		inner.gate = make(chan struct{})
		third := saving(t, inner, nil)
		has(t, third, "ann", quota.Usage{Bytes: 1001, Files: 2})
		must(t, third.Close())
	})
}

// TestSavedSumsWithoutQuota changes files while no quota counts them: what was saved before does not
// hold any more.
func TestSavedSumsWithoutQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := &countedStore{Store: &mem.Store{}}
		first := saving(t, inner, nil)
		must(t, put(as(t, "ann"), first, "a", 1000))
		must(t, first.Close())
		for range 2 { // the second one has nothing to forget
			uncounted, err := quota.New(t.Context(), inner, quota.Options{Saved: true})
			must(t, err)
			must(t, uncounted.Remove(as(t, "ann"), "a", tranship.Precondition{}))
			must(t, put(as(t, "ann"), uncounted, "a", 10))
			must(t, uncounted.Close())
		}
		inner.gate = make(chan struct{})
		second := saving(t, inner, nil)
		has(t, second, "ann", quota.Usage{})
		if err := put(as(t, "ann"), second, "b", 1); !errors.Is(err, tranship.ErrUnavailable) {
			t.Errorf("a put before the count: %v", err)
		}
		must(t, second.Close())
	})
}

// statelessStore has no state of servers.
type statelessStore struct {
	tranship.Store
	tranship.AccountKeeper
}

func TestSavedSumsNeedState(t *testing.T) {
	inner := &mem.Store{}
	_, err := quota.New(t.Context(), statelessStore{inner, inner}, quota.Options{Bytes: 1, Saved: true})
	if !errors.Is(err, tranship.ErrUnsupported) {
		t.Errorf("%v, want ErrUnsupported", err)
	}
}
