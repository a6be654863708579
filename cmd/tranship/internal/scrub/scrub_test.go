package scrub_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/scrub"
	"github.com/tranship/tranship/internal/testing/program"
	"github.com/tranship/tranship/store/mem"
)

// rotten is a store in memory of which the contents of one file have changed.
type rotten struct {
	*mem.Store
	path string
}

func (r rotten) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	content, err := r.Store.Open(ctx, path, options)
	if err == nil && path == r.path {
		return rottenContent{content, bytes.NewReader(make([]byte, content.File().Size))}, nil
	}
	return content, err
}

type rottenContent struct {
	tranship.Content
	zeros io.Reader
}

func (c rottenContent) Read(buffer []byte) (int, error) { return c.zeros.Read(buffer) }

// fileBytes is the size of each file of these tests.
const fileBytes = 1 << 20

// filled returns a store with the files a to d.
func filled(t *testing.T) *mem.Store {
	t.Helper()
	store := &mem.Store{}
	for _, path := range []string{"a", "b", "c", "d"} {
		if _, err := store.Put(t.Context(), tranship.Spec{Path: path}, bytes.Repeat([]byte(path), fileBytes)); err != nil {
			t.Fatal(err)
		}
	}
	return store
}

// begin starts to verify a store, a file in about 16 s, every day.
func begin(store tranship.Reader, state tranship.StateStore, log io.Writer) *scrub.Scrub {
	return scrub.Start(scrub.Options{Store: store, State: state, Every: 24 * time.Hour, BytesPerSecond: fileBytes / 16, Logger: slog.New(slog.NewTextHandler(log, nil))})
}

// TestPasses finds a file that has changed, again in each pass, until it is replaced.
func TestPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := filled(t)
		var log program.Output
		s := begin(rotten{store, "b"}, store, &log)
		defer s.Close()
		time.Sleep(10 * time.Second)
		if stats := s.Stats(); !stats.Running || !stats.Finished.IsZero() {
			t.Errorf("after 10 s: %+v", stats)
		}
		time.Sleep(time.Hour)
		stats := s.Stats()
		if stats.Running || stats.Latest.Files != 4 || stats.Latest.Bytes != 4*fileBytes || stats.Mismatched() != 1 || stats.Finished.IsZero() {
			t.Errorf("after a pass: %+v", stats)
		}
		if !strings.Contains(log.String(), "does not match its checksum") || !strings.Contains(log.String(), "path=b") {
			t.Error(log.String())
		}
		time.Sleep(25 * time.Hour)
		if again := s.Stats(); !again.Finished.After(stats.Finished) || again.Mismatched() != 1 {
			t.Errorf("after a second pass: %+v", again)
		}
	})
}

// TestContinues stops a server in the middle of a pass. The next one continues there.
func TestContinues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := filled(t)
		first := begin(store, store, io.Discard)
		time.Sleep(40 * time.Second)
		first.Close()
		done := first.Stats().Current
		if done.Files < 1 || done.Files > 3 {
			t.Fatalf("after 40 s: %+v", done)
		}
		var log program.Output
		second := begin(store, store, &log)
		defer second.Close()
		time.Sleep(time.Hour)
		if stats := second.Stats(); stats.Latest.Files != 4 || !strings.Contains(log.String(), "after="+done.After+" ") {
			t.Errorf("%+v, %s", stats, log.String())
		}
	})
}

// TestOneOfSeveral lets two servers verify one store: each file is read once.
func TestOneOfSeveral(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := filled(t)
		var logs [2]program.Output
		for i := range logs {
			s := begin(store, store, &logs[i])
			defer s.Close()
		}
		time.Sleep(2 * time.Hour)
		if text := logs[0].String() + logs[1].String(); strings.Count(text, "verified the stored files") != 1 {
			t.Error(text)
		}
	})
}

// failing is a state that fails at first.
type failing struct {
	tranship.StateStore
	until time.Time
}

func (f failing) GetState(ctx context.Context, key string) (tranship.StateEntry, error) {
	if time.Now().Before(f.until) {
		return tranship.StateEntry{}, errors.New("no disk")
	}
	return f.StateStore.GetState(ctx, key)
}

// TestOutage begins while the state cannot be read.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := filled(t)
		s := begin(store, failing{store, time.Now().Add(10 * time.Minute)}, io.Discard)
		defer s.Close()
		time.Sleep(time.Hour)
		if stats := s.Stats(); stats.Latest.Files != 4 {
			t.Errorf("%+v", stats)
		}
	})
}
