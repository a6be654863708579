package disk

import (
	"errors"
	"fmt"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/partfile"
)

// keptFiles returns the number of files in the uploads directory.
func (f fixture) keptFiles() int { return len(f.names(uploadsDirectory)) }

// The remembered commits are bounded for each owner, and a commit is forgotten with its file.
func TestRememberedCommitsAreBounded(t *testing.T) {
	options := small
	options.RememberedCommits = 5
	f := newFixture(t, options, unsynced())
	content := noise(1, 10)
	commit := func(path, key, owner string) tranship.Spec {
		t.Helper()
		spec := resumable(path, content)
		spec.ResumeKey, spec.Owner = key, owner
		f.finish(f.begin(spec), path, content)
		return spec
	}
	kept := func(when string, want int) {
		t.Helper()
		if got := f.keptFiles(); got != want {
			t.Errorf("%s: %d files are kept, want %d", when, got, want)
		}
		if got := len(f.allSessions()); got != want {
			t.Errorf("%s: %d uploads are in memory, want %d", when, got, want)
		}
	}
	for n := range 20 {
		commit(fmt.Sprint("few", n%3), fmt.Sprint("key", n), "ann")
	}
	kept("20 commits to 3 paths", 3)
	for n := range 20 {
		commit(fmt.Sprint("many", n), "key", "ann")
	}
	kept("20 commits to 20 paths", 5)
	last := commit("last", "key", "ben")
	kept("one of another owner", 6)

	f = f.reopen()
	kept("opened again", 6)
	f.Store.options.RememberedCommits = 2
	f = f.reopen()
	kept("opened with a lower bound", 3)
	if u := f.begin(last); u.Epoch() != 2 {
		t.Errorf("the commit of another owner was forgotten")
	} else if err := u.Detach(t.Context()); err != nil {
		t.Error(err)
	}

	for name, change := range map[string]func(string) error{
		"put": func(path string) error {
			_, err := f.Put(t.Context(), tranship.Spec{Path: path}, nil)
			return err
		},
		"removed": func(path string) error { return f.Remove(t.Context(), path, tranship.Precondition{}) },
		"moved": func(path string) error {
			_, err := f.Move(t.Context(), path, "elsewhere", tranship.Precondition{})
			return err
		},
		"moved over": func(path string) error {
			f.put("source", "x")
			_, err := f.Move(t.Context(), "source", path, tranship.Precondition{})
			return err
		},
		"copied over": func(path string) error {
			f.put("source", "x")
			_, err := f.Copy(t.Context(), "source", path, tranship.Precondition{})
			return err
		},
		"replaced by an upload": func(path string) error {
			u, err := f.Begin(t.Context(), tranship.Spec{Path: path})
			if err != nil {
				return err
			}
			_, err = u.Commit(t.Context(), tranship.Commit{})
			return err
		},
	} {
		before := f.keptFiles()
		spec := commit("file", "key", "cat")
		kept(name, before+1)
		open := f.begin(spec) // while it changes
		if err := change("file"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := open.Detach(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		kept(name+" while it was open", before)
		commit("file", "key", "cat")
		if err := change("file"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		kept(name, before)
	}
}

// Few of the parts that are begun and not finished stay in memory.
func TestPartialPartsAreBounded(t *testing.T) {
	f := newFixture(t, small, unsynced())
	content := noise(1, 1<<20)
	u := f.begin(tranship.Spec{Path: "file", Size: new(int64(1900 << 20)), ResumeKey: "key"})
	f.write(u, content, 0)
	open, err := u.Part(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 1800 {
		part, err := u.Part(t.Context(), n+2)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte{1}); err != nil {
			t.Fatal(err)
		}
		if err := part.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if n := u.parts.Parts(); n > 2*partfile.MaxUnfinished {
		t.Errorf("%d parts are in memory", n)
	}
	if _, err := open.Write(content); err != nil {
		t.Errorf("the part that was being written: %v", err)
	}
	if err := open.Close(); err != nil {
		t.Error(err)
	}
	again, err := u.Part(t.Context(), 2) // a part that was dropped
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Write(content); err != nil {
		t.Error(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	f.sync(u)
	if got := durable(u); len(got) != 3 {
		t.Errorf("%d parts are durable, want 3", len(got))
	}
	if err := u.Detach(t.Context()); err != nil {
		t.Error(err)
	}
	if n := u.parts.Parts(); n != 3 {
		t.Errorf("%d parts are in memory after Detach, want 3", n)
	}
}

// A journal stays short even if parts are written again many times.
func TestJournalIsBounded(t *testing.T) {
	f := newFixture(t, small, unsynced()).withTinyParts()
	content := noise(1, 3*tiny)
	u := f.begin(resumable("file", content))
	limit := partfile.JournalLimit(int64(len(content)), tiny)
	var err error
	for n := 0; err == nil && n < 10_000; n++ {
		if err = f.tryWrite(u, content, 1); err == nil {
			err = u.Sync(t.Context())
		}
	}
	f.fails("writing a part again and again", err, tranship.ErrLimit)
	if u.parts.Journal().Bytes() > limit || limit > 64<<10 {
		t.Errorf("the journal has %d bytes, want at most %d", u.parts.Journal().Bytes(), limit)
	}
	if err := u.Detach(t.Context()); err != nil && !errors.Is(err, tranship.ErrLimit) {
		t.Error(err)
	}
	f.finish(f.begin(resumable("file", content)), "file", content)
}
