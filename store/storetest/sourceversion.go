package storetest

import (
	"io/fs"

	"github.com/tranship/tranship"
)

// sourceVersionTests are those of a store that moves and copies a version of a file.
func sourceVersionTests() []test {
	return []test{
		{"move and copy", pinsSource},
		{"beside a condition about the destination", pinsBoth},
		{"of a missing source", pinsNothing},
		{"only move and copy have a source", pinsWithoutSource},
	}
}

func pinsSource(f fixture) {
	for name, transplant := range f.transplants() {
		old := f.put("source", []byte("old"))
		source := f.put("source", []byte("source"))
		_, err := transplant("source", "file", tranship.Precondition{MustMatchSourceVersion: old.Version})
		f.fails(name+" of an old version", err, tranship.ErrPrecondition)
		_, err = transplant("source", "source", tranship.Precondition{MustMatchSourceVersion: old.Version})
		f.fails(name+" of an old version onto itself", err, tranship.ErrPrecondition)
		f.hasNot("file")
		f.sameFile(f.has("source", []byte("source")), source)

		// Attributes do not change a version.
		source, err = f.store.SetAttributes(f.Context(), "source", tranship.Attributes{Mode: new(fs.FileMode(0o600))}, tranship.Precondition{})
		if err != nil {
			f.Fatalf("SetAttributes: %v", err)
		}
		file, err := transplant("source", "file", tranship.Precondition{MustMatchSourceVersion: source.Version})
		if err != nil {
			f.Fatalf("%s of the right version: %v", name, err)
		}
		f.transplanted(file, source, "file")
		f.sameFile(f.has("file", []byte("source")), file)
		f.remove("file")
	}
}

// pinsBoth has one of two conditions fail.
func pinsBoth(f fixture) {
	for name, transplant := range f.transplants() {
		source := f.put("source", []byte("source"))
		there := f.put("there", []byte("there"))
		for _, precondition := range []tranship.Precondition{
			{MustMatchSourceVersion: source.Version, MustMatchVersion: "no-such"},
			{MustMatchSourceVersion: "no-such", MustMatchVersion: there.Version},
		} {
			_, err := transplant("source", "there", precondition)
			f.fails(name+" with one condition that does not hold", err, tranship.ErrPrecondition)
		}
		_, err := transplant("source", "there", tranship.Precondition{MustMatchSourceVersion: source.Version, MustNotExist: true})
		f.fails(name+" over a file that must not exist", err, tranship.ErrExists)
		f.sameFile(f.has("there", []byte("there")), there)
		f.sameFile(f.has("source", []byte("source")), source)
		if _, err = transplant("source", "there", tranship.Precondition{MustMatchSourceVersion: source.Version, MustMatchVersion: there.Version}); err != nil {
			f.Fatalf("%s with two conditions that hold: %v", name, err)
		}
		f.has("there", []byte("source"))
	}
}

func pinsNothing(f fixture) {
	for name, transplant := range f.transplants() {
		_, err := transplant("none", "file", tranship.Precondition{MustMatchSourceVersion: "no-such"})
		f.fails(name+" of a version of a missing file", err, tranship.ErrNotFound)
	}
	f.isEmpty()
}

func pinsWithoutSource(f fixture) {
	file := f.put("file", []byte("file"))
	precondition := tranship.Precondition{MustMatchSourceVersion: file.Version}
	f.refusesPrecondition("a source version", precondition)
	f.sameFile(f.has("file", []byte("file")), file)
}

// refusesPrecondition checks that no change of the file "file" takes the precondition.
func (f fixture) refusesPrecondition(what string, precondition tranship.Precondition) {
	f.Helper()
	_, err := f.store.Put(f.Context(), tranship.Spec{Path: "file", Precondition: precondition}, []byte("new"))
	f.invalid("Put with "+what, err)
	_, err = f.store.Begin(f.Context(), tranship.Spec{Path: "file", Precondition: precondition})
	f.invalid("Begin with "+what, err)
	_, err = f.store.SetAttributes(f.Context(), "file", tranship.Attributes{Mode: new(fs.FileMode(0o600))}, precondition)
	f.invalid("SetAttributes with "+what, err)
	f.invalid("Remove with "+what, f.store.Remove(f.Context(), "file", precondition))
}
