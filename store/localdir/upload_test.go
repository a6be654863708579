package localdir

import (
	"errors"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/filetest"
)

func open(t *testing.T, name string) *Dir {
	t.Helper()
	dir, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dir.Close() })
	return dir
}

// Two processes that copy to one target do not disturb each other.
func TestDownloadTwice(t *testing.T) {
	name := t.TempDir()
	first, second := open(t, name), open(t, name)
	spec := tranship.Spec{Path: "copy", Size: new(int64(3)), ResumeKey: "key"}
	begin := func(dir *Dir) tranship.Upload {
		upload, err := dir.Begin(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		return upload
	}
	write := func(upload tranship.Upload, data string) {
		part, err := upload.Part(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte(data)); err != nil {
			t.Fatal(err)
		}
		if err := part.Close(); err != nil {
			t.Fatal(err)
		}
	}
	one, two := begin(first), begin(second)
	write(one, "one")
	write(two, "two")
	if len(one.Durable()) != 1 || len(two.Durable()) != 0 {
		t.Errorf("durable are %v and %v", one.Durable(), two.Durable())
	}
	// In one process, the newer ends the older.
	three := begin(first)
	if _, err := one.Part(t.Context(), 0); !errors.Is(err, tranship.ErrAborted) || three.Epoch() != one.Epoch()+1 {
		t.Errorf("epoch %d, %v", three.Epoch(), err)
	}
	if err := errors.Join(one.Abort(t.Context()), one.Detach(t.Context())); err != nil || len(three.Durable()) != 1 {
		t.Errorf("%v, %v", three.Durable(), err)
	}
	for _, upload := range []tranship.Upload{two, three} {
		if _, err := upload.Commit(t.Context(), tranship.Commit{Size: 3}); err != nil {
			t.Fatal(err)
		}
	}
	filetest.MustHave(t, first, "copy", []byte("one"))
	if all := filetest.Tree(t, name); len(all) != 1 || len(first.resumable) != 0 {
		t.Errorf("left are %q and %d uploads", all, len(first.resumable))
	}
}

// A part that is begun again is not durable meanwhile, also for a process that comes
// after a crash.
func TestDirVoidsParts(t *testing.T) {
	for _, durability := range []tranship.Durability{tranship.DurabilityWritten, tranship.DurabilityDurable} {
		dir := open(t, t.TempDir())
		spec := tranship.Spec{Path: "copy", Size: new(int64(3)), ResumeKey: "key", Durability: durability}
		upload, err := dir.begin(spec)
		if err != nil {
			t.Fatal(err)
		}
		for _, data := range []string{"one", "two", "on"} {
			part, err := upload.Part(t.Context(), 0)
			if err != nil || len(upload.Durable()) > 0 {
				t.Fatalf("%v, %v", upload.Durable(), err)
			}
			if _, err := part.Write([]byte(data)); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(part.Close(), upload.Sync(t.Context())); err != nil || len(upload.Durable()) != len(data)/3 {
				t.Fatalf("%v, %v", upload.Durable(), err)
			}
		}
		upload.letGo() // as in a crash
		again, err := dir.begin(spec)
		if err != nil || len(again.Durable()) > 0 || again.Epoch() != 2 {
			t.Fatalf("epoch %d, %v, %v", again.Epoch(), again.Durable(), err)
		}
		// Nothing is worth keeping.
		if err := again.Detach(t.Context()); err != nil || len(filetest.Tree(t, dir.name)) != 0 {
			t.Errorf("left are %q, %v", filetest.Tree(t, dir.name), err)
		}
	}
}
