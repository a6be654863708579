package localdir

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/partfile"
	"github.com/tranship/tranship/internal/testing/filetest"
)

// begin begins a resumable upload of data to "copy".
func begin(t *testing.T, dir *Dir, data []byte) *upload {
	t.Helper()
	u, err := dir.begin(tranship.Spec{Path: "copy", Size: new(int64(len(data))), ResumeKey: "key"})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// write writes parts of data.
func write(t *testing.T, u tranship.Upload, data []byte, parts ...int) {
	t.Helper()
	for _, n := range parts {
		w, err := u.Part(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Write(data[n*leastPart : min(len(data), (n+1)*leastPart)])
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// The partial file of an earlier version of this program, whose journal was lines of text,
// is begun anew, and none of its bytes counts.
func TestPartialOfEarlierVersion(t *testing.T) {
	lines, err := os.ReadFile("testdata/lines.journal")
	if err != nil {
		t.Fatal(err)
	}
	name, data := t.TempDir(), filetest.Random(3*leastPart+5)
	for suffix, content := range map[string][]byte{journalSuffix: lines, partialSuffix: data[:2*leastPart]} {
		file := filepath.Join(name, hiddenName("copy")+suffix)
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	u := begin(t, open(t, name), data)
	if n, why := u.Discarded(); len(u.Durable()) > 0 || u.Epoch() != 1 || n != 2*leastPart || why == nil {
		t.Errorf("durable %v in epoch %d; %d bytes were discarded: %v", u.Durable(), u.Epoch(), n, why)
	}
	write(t, u, data, 1, 3)
	if err := u.Detach(t.Context()); err != nil {
		t.Fatal(err)
	}
	u = begin(t, open(t, name), data)
	if n, why := u.Discarded(); len(u.Durable()) != 2 || u.Epoch() != 2 || n != 0 || why != nil {
		t.Errorf("durable %v in epoch %d; %d bytes were discarded: %v", u.Durable(), u.Epoch(), n, why)
	}
	write(t, u, data, 0, 2)
	if _, err := u.Commit(t.Context(), tranship.Commit{Size: int64(len(data))}); err != nil {
		t.Fatal(err)
	}
	filetest.MustHave(t, open(t, name), "copy", data)
	if got := filetest.Names(t, name); !slices.Equal(got, []string{"copy"}) {
		t.Errorf("there are %q", got)
	}
}

// A journal that has become long is written anew, and has the same parts.
func TestPartialJournalIsWrittenAnew(t *testing.T) {
	name, data := t.TempDir(), filetest.Random(leastPart+5)
	journal := filepath.Join(name, hiddenName("copy")+journalSuffix)
	limit, shorter, last := partfile.JournalLimit(int64(len(data)), leastPart), 0, int64(0)
	for run := range 1500 {
		u := begin(t, open(t, name), data)
		if run == 0 {
			write(t, u, data, 1)
		}
		if len(u.Durable()) != 1 || u.Epoch() != uint64(run)+1 {
			t.Fatalf("run %d: %v in epoch %d", run, u.Durable(), u.Epoch())
		}
		info, err := os.Stat(journal)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() < last {
			shorter++
		}
		if last = info.Size(); last > limit {
			t.Fatalf("the journal has %d bytes, and may have %d", last, limit)
		}
		if err := u.Detach(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if shorter == 0 {
		t.Error("the journal was never written anew")
	}
}

// The bytes of a writer beyond those of its shorter successor are not in the file.
func TestShorterSecondWriter(t *testing.T) {
	dir := open(t, t.TempDir())
	u, err := dir.Begin(t.Context(), tranship.Spec{Path: "copy"})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{strings.Repeat("long", 100), "short"} {
		write(t, u, []byte(text), 0)
	}
	if file, err := u.Commit(t.Context(), tranship.Commit{Size: 5}); err != nil || file.Size != 5 {
		t.Fatalf("%+v, %v", file, err)
	}
	filetest.MustHave(t, dir, "copy", []byte("short"))
}

// Uploads that take each other's place while they are committed neither wait for each
// other forever nor leave anything.
func TestCommitBesideTakeover(t *testing.T) {
	name, data := t.TempDir(), []byte("data")
	dir := open(t, name)
	for range 200 {
		u := begin(t, dir, data)
		write(t, u, data, 0)
		var group sync.WaitGroup
		group.Go(func() {
			if _, err := u.Commit(t.Context(), tranship.Commit{Size: 4}); err != nil && !errors.Is(err, tranship.ErrAborted) {
				t.Errorf("the older: %v", err)
			}
		})
		group.Go(func() {
			newer, err := dir.begin(tranship.Spec{Path: "copy", Size: new(int64(4)), ResumeKey: "key"})
			if err != nil {
				t.Errorf("the newer: %v", err)
				return
			}
			if err := newer.Abort(t.Context()); err != nil {
				t.Errorf("the newer: %v", err)
			}
		})
		group.Wait()
	}
	if got := filetest.Names(t, name); len(got) > 1 || len(dir.resumable) > 0 {
		t.Errorf("left are %q and %d uploads", got, len(dir.resumable))
	}
}
