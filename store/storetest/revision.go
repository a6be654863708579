package storetest

import (
	"errors"
	"io/fs"
	"maps"
	"strconv"
	"time"

	"github.com/tranship/tranship"
)

// revisionTests are those of a store that changes attributes by compare-and-swap.
func revisionTests() []test {
	return []test{
		{"changes with each attribute", revisionChanges},
		{"decides every change", revisionDecides},
		{"of a file that is not there", revisionOfNothing},
		{"commit decides", revisionAtCommit},
		{"no change is lost", countsWithRevisions},
	}
}

func mustMatchRevision(revision string) tranship.Precondition {
	return tranship.Precondition{MustMatchRevision: revision}
}

// revisionChanges changes one attribute after the other, and then sets what is there.
func revisionChanges(f fixture) {
	file := f.put("file", []byte("data"))
	seen := map[string]bool{file.Revision(): true}
	var last tranship.Attributes
	for _, last = range []tranship.Attributes{
		{Mode: new(fs.FileMode(0o600))},
		{ModTime: new(time.Date(2001, 2, 3, 4, 5, 6, 7000, time.UTC))},
		{Metadata: map[string]string{"a": "1"}},
		{Metadata: map[string]string{"a": "2"}},
		{Metadata: map[string]string{"b": "2"}},
	} {
		changed, err := f.store.SetAttributes(f.Context(), "file", last, mustMatchRevision(file.Revision()))
		if err != nil {
			f.Fatalf("SetAttributes of the right revision: %v", err)
		}
		if seen[changed.Revision()] {
			f.Fatalf("the file has a revision again after %+v", last)
		}
		if got := f.stat("file").Revision(); got != changed.Revision() {
			f.Fatalf("Stat tells revision %s, SetAttributes %s", got, changed.Revision())
		}
		_, err = f.store.SetAttributes(f.Context(), "file", tranship.Attributes{Metadata: map[string]string{}}, mustMatchRevision(file.Revision()))
		f.fails("SetAttributes of an old revision", err, tranship.ErrPrecondition)
		f.sameFile(f.has("file", []byte("data")), changed)
		seen[changed.Revision()], file = true, changed
	}
	again, err := f.store.SetAttributes(f.Context(), "file", last, mustMatchRevision(file.Revision()))
	if err != nil || again.Revision() != file.Revision() {
		f.Fatalf("setting what is there makes revision %s of %s: %v", again.Revision(), file.Revision(), err)
	}
	if f.put("file", []byte("data")).Revision() == file.Revision() {
		f.Fatalf("the revision is the same after the content was replaced")
	}
}

// revisionDecides makes every change but SetAttributes over an old revision and then over
// the right one.
func revisionDecides(f fixture) {
	changes := map[string]func(precondition tranship.Precondition) error{
		"Put": func(precondition tranship.Precondition) error {
			_, err := f.store.Put(f.Context(), tranship.Spec{Path: "file", Precondition: precondition}, []byte("new"))
			return err
		},
		"Begin": func(precondition tranship.Precondition) error {
			upload, err := f.store.Begin(f.Context(), tranship.Spec{Path: "file", Precondition: precondition})
			if err == nil {
				f.cleanUp(upload)
			}
			return err
		},
		"Remove": func(precondition tranship.Precondition) error {
			return f.store.Remove(f.Context(), "file", precondition)
		},
		"Move": func(precondition tranship.Precondition) error {
			_, err := f.store.Move(f.Context(), "source", "file", precondition)
			return err
		},
		"Copy": func(precondition tranship.Precondition) error {
			_, err := f.store.Copy(f.Context(), "source", "file", precondition)
			return err
		},
	}
	dropLacking(f, changes)
	for name, change := range changes {
		f.put("source", []byte("source"))
		old := f.put("file", []byte("file"))
		kept, err := f.store.SetAttributes(f.Context(), "file", tranship.Attributes{Metadata: map[string]string{"key": name}}, tranship.Precondition{})
		if err != nil {
			f.Fatalf("SetAttributes: %v", err)
		}
		f.fails(name+" over an old revision", change(mustMatchRevision(old.Revision())), tranship.ErrPrecondition)
		f.sameFile(f.has("file", []byte("file")), kept)
		f.has("source", []byte("source"))
		if err := change(mustMatchRevision(kept.Revision())); err != nil {
			f.Fatalf("%s over the right revision: %v", name, err)
		}
	}
}

func revisionOfNothing(f fixture) {
	precondition := mustMatchRevision("no-such")
	_, err := f.store.Put(f.Context(), tranship.Spec{Path: "none", Precondition: precondition}, nil)
	f.fails("Put over a revision that is not there", err, tranship.ErrPrecondition)
	_, err = f.store.Begin(f.Context(), tranship.Spec{Path: "none", Precondition: precondition})
	f.fails("Begin over a revision that is not there", err, tranship.ErrPrecondition)
	_, err = f.store.SetAttributes(f.Context(), "none", tranship.Attributes{}, precondition)
	f.fails("SetAttributes of a missing file", err, tranship.ErrNotFound)
	f.fails("Remove of a missing file", f.store.Remove(f.Context(), "none", precondition), tranship.ErrNotFound)
	f.isEmpty()
}

// revisionAtCommit changes an attribute while an upload is under way.
func revisionAtCommit(f fixture) {
	file := f.put("file", []byte("file"))
	data := []byte("data")
	upload := f.begin(tranship.Spec{Path: "file", Precondition: mustMatchRevision(file.Revision())})
	f.writePart(upload, 0, data)
	changed, err := f.store.SetAttributes(f.Context(), "file", tranship.Attributes{Metadata: map[string]string{"key": "value"}}, tranship.Precondition{})
	if err != nil {
		f.Fatalf("SetAttributes: %v", err)
	}
	_, err = commit(f.Context(), upload, data)
	f.fails("Commit over a new revision", err, tranship.ErrPrecondition)
	f.sameFile(f.has("file", []byte("file")), changed)
}

// countsWithRevisions counts in metadata from several goroutines.
func countsWithRevisions(f fixture) {
	const counters, each = 4, 8
	f.put("file", []byte("data"))
	for i, err := range together(counters, func(int) error {
		for range each {
			if err := f.count("file"); err != nil {
				return err
			}
		}
		return nil
	}) {
		if err != nil {
			f.Fatalf("counter %d: %v", i, err)
		}
	}
	if got := f.has("file", []byte("data")).Metadata["count"]; got != strconv.Itoa(counters*each) {
		f.Fatalf("%d counted to %q, want %d", counters, got, counters*each)
	}
}

// count adds one to a number in a file's metadata.
func (f fixture) count(path string) error {
	for {
		file, err := f.store.Stat(f.Context(), path)
		if err != nil {
			return err
		}
		n, _ := strconv.Atoi(file.Metadata["count"]) // 0 before the first
		metadata := maps.Clone(file.Metadata)
		if metadata == nil {
			metadata = map[string]string{}
		}
		metadata["count"] = strconv.Itoa(n + 1)
		_, err = f.store.SetAttributes(f.Context(), path, tranship.Attributes{Metadata: metadata}, mustMatchRevision(file.Revision()))
		if !errors.Is(err, tranship.ErrPrecondition) {
			return err
		}
	}
}
