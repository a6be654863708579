package storetest

import (
	"errors"
	"io/fs"
	"time"

	"github.com/tranship/tranship"
)

func transplantTests() []test {
	return []test{
		{"move", moves},
		{"copy", copies},
		{"large copy", copiesLarge},
		{"over a file", transplantOver},
		{"preconditions", transplantPreconditions},
		{"blocked", transplantBlocked},
		{"missing", transplantMissing},
		{"onto itself", transplantSelf},
		{"above and below itself", moveWithinItself},
	}
}

// source makes a file with attributes.
func (f fixture) source(path string, data []byte) tranship.File {
	f.Helper()
	return f.putSpec(tranship.Spec{Path: path, Attributes: tranship.Attributes{
		ModTime:  new(time.Date(2001, 2, 3, 4, 5, 6, 7000, time.UTC)),
		Mode:     new(fs.FileMode(0o640)),
		Metadata: map[string]string{"key": "value"},
	}}, data)
}

// transplanted checks that file is from, but for path and version.
func (f fixture) transplanted(file, from tranship.File, path string) {
	f.Helper()
	from.Path, from.Version = path, file.Version
	f.sameFile(file, from)
}

func moves(f fixture) {
	f.needs(NoMove)
	data := content(1, 1000)
	path, from := "a/b/c", f.source("a/b/c", data)
	// To another directory, up, down, and into a directory that the move empties.
	for _, destination := range []string{"d/e", "x", "y/y/y", "y/y/z", "y/w"} {
		moved, err := f.store.Move(f.Context(), path, destination, tranship.Precondition{})
		if err != nil {
			f.Fatalf("Move(%q, %q): %v", path, destination, err)
		}
		f.transplanted(moved, from, destination)
		f.sameFile(f.has(destination, data), moved)
		f.hasNot(path)
		f.lists(tranship.ListOptions{Recursive: true}, destination)
		path = destination
	}
}

func copies(f fixture) {
	f.needs(NoCopy)
	data := content(1, 1000)
	from := f.source("a/b", data)
	for _, destination := range []string{"a/c", "d/e/f", "g"} {
		copied, err := f.store.Copy(f.Context(), "a/b", destination, tranship.Precondition{})
		if err != nil {
			f.Fatalf("Copy to %q: %v", destination, err)
		}
		if copied.Version == from.Version {
			f.Fatalf("the copy has the version of the original, %s", from.Version)
		}
		f.transplanted(copied, from, destination)
		f.sameFile(f.has(destination, data), copied)
	}
	f.sameFile(f.has("a/b", data), from)

	// Neither is bound to the other.
	f.put("a/c", []byte("changed"))
	f.has("a/b", data)
	f.remove("a/b")
	f.has("d/e/f", data)
	if _, err := f.store.SetAttributes(f.Context(), "g", tranship.Attributes{Mode: new(fs.FileMode(0o777))}, tranship.Precondition{}); err != nil {
		f.Fatalf("SetAttributes of a copy: %v", err)
	}
	if file := f.has("d/e/f", data); file.Mode != 0o640 {
		f.Fatalf("setting the mode of one copy set that of another to %o", file.Mode)
	}
}

func copiesLarge(f fixture) {
	f.needs(NoCopy)
	data := content(1, big)
	from := f.upload(tranship.Spec{Path: "file"}, data)
	copied, err := f.store.Copy(f.Context(), "file", "copy", tranship.Precondition{})
	if err != nil {
		f.Fatalf("Copy: %v", err)
	}
	f.transplanted(copied, from, "copy")
	f.remove("file")
	f.has("copy", data)
}

// transplants are Move and Copy.
func (f fixture) transplants() map[string]func(source, destination string, precondition tranship.Precondition) (tranship.File, error) {
	all := map[string]func(string, string, tranship.Precondition) (tranship.File, error){
		"Move": func(source, destination string, precondition tranship.Precondition) (tranship.File, error) {
			return f.store.Move(f.Context(), source, destination, precondition)
		},
		"Copy": func(source, destination string, precondition tranship.Precondition) (tranship.File, error) {
			return f.store.Copy(f.Context(), source, destination, precondition)
		},
	}
	dropLacking(f, all)
	return all
}

func transplantOver(f fixture) {
	for name, transplant := range f.transplants() {
		data := content(1, 1000)
		from := f.source("source", data)
		over := f.put("destination", []byte("replaced"))
		file, err := transplant("source", "destination", tranship.Precondition{})
		if err != nil {
			f.Fatalf("%s over a file: %v", name, err)
		}
		if file.Version == over.Version {
			f.Fatalf("%s over a file left its version", name)
		}
		f.transplanted(file, from, "destination")
		f.sameFile(f.has("destination", data), file)
		_, err = f.store.Open(f.Context(), "destination", tranship.OpenOptions{Version: over.Version})
		f.fails("Open of the version that was replaced", err, tranship.ErrPrecondition)
	}
}

func transplantPreconditions(f fixture) {
	for name, transplant := range f.transplants() {
		data, old := content(1, 1000), []byte("old")
		from := f.source("source", data)
		there := f.put("there", old)

		_, err := transplant("source", "there", mustNotExist())
		f.fails(name+" to where a file is", err, tranship.ErrExists)
		_, err = transplant("source", "there", mustMatch("no-such"))
		f.fails(name+" over another version", err, tranship.ErrPrecondition)
		_, err = transplant("source", "there", mustMatch(from.Version)) // it is about the destination
		f.fails(name+" over the source's version", err, tranship.ErrPrecondition)
		_, err = transplant("source", "none", mustMatch(there.Version))
		f.fails(name+" over a missing version", err, tranship.ErrPrecondition)
		f.hasNot("none")
		f.sameFile(f.has("source", data), from)
		f.sameFile(f.has("there", old), there)

		if _, err = transplant("source", "there", mustMatch(there.Version)); err != nil {
			f.Fatalf("%s over the right version: %v", name, err)
		}
		f.has("there", data)
		f.source("source", data)
		if _, err = transplant("source", "d/new", mustNotExist()); err != nil {
			f.Fatalf("%s to where nothing is: %v", name, err)
		}
		f.has("d/new", data)
		f.remove("d/new")
	}
}

func transplantBlocked(f fixture) {
	data := []byte("source")
	from := f.source("source", data)
	f.put("file", []byte("file"))
	f.put("d/e/f", []byte("f"))
	for name, transplant := range f.transplants() {
		for _, destination := range []string{"file/x", "file/x/y", "d", "d/e"} {
			_, err := transplant("source", destination, tranship.Precondition{})
			f.fails(name+" to "+destination, err, tranship.ErrExists)
		}
	}
	f.lists(tranship.ListOptions{Recursive: true}, "d/e/f", "file", "source")
	f.sameFile(f.has("source", data), from)
}

func transplantMissing(f fixture) {
	kept := f.put("kept", []byte("kept"))
	for name, transplant := range f.transplants() {
		for _, destination := range []string{"new", "d/new", "kept", "none"} {
			_, err := transplant("none", destination, tranship.Precondition{})
			f.fails(name+" of a missing file", err, tranship.ErrNotFound)
		}
	}
	f.lists(tranship.ListOptions{}, "kept")
	f.sameFile(f.has("kept", []byte("kept")), kept)
	f.put("d", []byte("no directory was left behind"))
}

// transplantSelf leaves open whether a copy onto itself is a new version.
func transplantSelf(f fixture) {
	f.needs(NoMove, NoCopy)
	data := content(1, 1000)
	from := f.source("d/file", data)
	moved, err := f.store.Move(f.Context(), "d/file", "d/file", tranship.Precondition{})
	if err != nil {
		f.Fatalf("Move onto itself: %v", err)
	}
	f.sameFile(moved, from)
	f.sameFile(f.has("d/file", data), from)

	copied, err := f.store.Copy(f.Context(), "d/file", "d/file", tranship.Precondition{})
	if err == nil {
		f.transplanted(copied, from, "d/file")
	}
	f.transplanted(f.has("d/file", data), from, "d/file")
	f.lists(tranship.ListOptions{Recursive: true}, "d/file")
}

// moveWithinItself moves a file to below itself, and up to where its directory is.
// A store may find that the file blocks itself, or that nothing is in the way.
func moveWithinItself(f fixture) {
	f.needs(NoMove)
	for _, move := range [][2]string{{"a", "a/b"}, {"c/d", "c"}, {"e/f/g", "e"}} {
		data := []byte(move[0])
		f.put(move[0], data)
		_, err := f.store.Move(f.Context(), move[0], move[1], tranship.Precondition{})
		at := move[1]
		if errors.Is(err, tranship.ErrExists) {
			at = move[0]
		} else if err != nil {
			f.Fatalf("Move(%q, %q): %v", move[0], move[1], err)
		}
		f.lists(tranship.ListOptions{Recursive: true}, at)
		f.has(at, data)
		f.remove(at)
	}
}
