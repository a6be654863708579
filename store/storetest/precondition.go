package storetest

import (
	"github.com/tranship/tranship"
)

func preconditionTests() []test {
	return []test{
		{"put", putPreconditions},
		{"begin fails early", beginPreconditions},
		{"commit decides", commitDecides},
		{"commit decides about files above and below", commitDecidesTree},
		{"remove and set attributes", editPreconditions},
	}
}

func mustNotExist() tranship.Precondition { return tranship.Precondition{MustNotExist: true} }

func mustMatch(version string) tranship.Precondition {
	return tranship.Precondition{MustMatchVersion: version}
}

func putPreconditions(f fixture) {
	put := func(precondition tranship.Precondition, data string) (tranship.File, error) {
		return f.store.Put(f.Context(), tranship.Spec{Path: "file", Precondition: precondition}, []byte(data))
	}
	_, err := put(mustMatch("no-such"), "no")
	f.fails("Put over a version that is not there", err, tranship.ErrPrecondition)
	f.hasNot("file")

	first, err := put(mustNotExist(), "first")
	if err != nil {
		f.Fatalf("Put where nothing is: %v", err)
	}
	_, err = put(mustNotExist(), "no")
	f.fails("Put where a file is", err, tranship.ErrExists)
	_, err = put(mustMatch("no-such"), "no")
	f.fails("Put over another version", err, tranship.ErrPrecondition)
	f.sameFile(f.has("file", []byte("first")), first)

	if _, err = put(mustMatch(first.Version), "second"); err != nil {
		f.Fatalf("Put over the right version: %v", err)
	}
	second := f.has("file", []byte("second"))
	_, err = put(mustMatch(first.Version), "no")
	f.fails("Put over an old version", err, tranship.ErrPrecondition)
	f.sameFile(f.has("file", []byte("second")), second)

	f.remove("file")
	_, err = put(mustMatch(second.Version), "no")
	f.fails("Put over a removed version", err, tranship.ErrPrecondition)
	if _, err = put(mustNotExist(), "third"); err != nil {
		f.Fatalf("Put where a file was removed: %v", err)
	}
	f.has("file", []byte("third"))
}

func beginPreconditions(f fixture) {
	begin := func(path string, precondition tranship.Precondition) error {
		upload, err := f.store.Begin(f.Context(), tranship.Spec{Path: path, Precondition: precondition})
		if err == nil {
			f.cleanUp(upload)
		}
		return err
	}
	file := f.put("file", []byte("file"))
	f.fails("Begin where a file is", begin("file", mustNotExist()), tranship.ErrExists)
	f.fails("Begin over another version", begin("file", mustMatch("no-such")), tranship.ErrPrecondition)
	f.fails("Begin over a version that is not there", begin("none", mustMatch("no-such")), tranship.ErrPrecondition)
	if err := begin("file", mustMatch(file.Version)); err != nil {
		f.Fatalf("Begin over the right version: %v", err)
	}
	if err := begin("none", mustNotExist()); err != nil {
		f.Fatalf("Begin where nothing is: %v", err)
	}
	f.hasNot("none")
}

// commitDecides changes what is at the path while an upload is under way.
func commitDecides(f fixture) {
	data := []byte("uploaded")
	fresh := f.begin(tranship.Spec{Path: "file", Precondition: mustNotExist()})
	f.writePart(fresh, 0, data)
	first := f.put("file", []byte("first"))
	_, err := fresh.Commit(f.Context(), tranship.Commit{Size: int64(len(data))})
	f.fails("Commit where a file has come", err, tranship.ErrExists)
	f.sameFile(f.has("file", []byte("first")), first)

	matching := f.begin(tranship.Spec{Path: "file", Precondition: mustMatch(first.Version)})
	f.writePart(matching, 0, data)
	orphaned := f.begin(tranship.Spec{Path: "file", Precondition: mustMatch(first.Version)})
	f.writePart(orphaned, 0, data)
	f.put("file", []byte("second"))
	_, err = matching.Commit(f.Context(), tranship.Commit{Size: int64(len(data))})
	f.fails("Commit over a new version", err, tranship.ErrPrecondition)
	f.has("file", []byte("second"))

	f.remove("file")
	_, err = orphaned.Commit(f.Context(), tranship.Commit{Size: int64(len(data))})
	f.fails("Commit over a removed version", err, tranship.ErrPrecondition)
	f.hasNot("file")

	f.upload(tranship.Spec{Path: "file", Precondition: mustNotExist()}, data) // now it may
	f.has("file", data)
}

func commitDecidesTree(f fixture) {
	data := []byte("uploaded")
	below := f.begin(tranship.Spec{Path: "d/e/file"})
	f.writePart(below, 0, data)
	f.put("d", []byte("above"))
	_, err := below.Commit(f.Context(), tranship.Commit{Size: int64(len(data))})
	f.fails("Commit below a file", err, tranship.ErrExists)
	f.lists(tranship.ListOptions{Recursive: true}, "d")
	f.remove("d")
	f.upload(tranship.Spec{Path: "d/e/file"}, data)
	f.has("d/e/file", data)
}

func editPreconditions(f fixture) {
	data := []byte("file")
	file := f.put("file", data)
	edits := map[string]func(path string, precondition tranship.Precondition) error{
		"SetAttributes": func(path string, precondition tranship.Precondition) error {
			_, err := f.store.SetAttributes(f.Context(), path, tranship.Attributes{}, precondition)
			return err
		},
		"Remove": func(path string, precondition tranship.Precondition) error {
			return f.store.Remove(f.Context(), path, precondition)
		},
	}
	for name, edit := range edits {
		f.fails(name+" of another version", edit("file", mustMatch("no-such")), tranship.ErrPrecondition)
		f.fails(name+" of a file that must not exist", edit("file", mustNotExist()), tranship.ErrExists)
		f.fails(name+" of a missing file", edit("none", mustNotExist()), tranship.ErrNotFound)
		f.fails(name+" of a version of a missing file", edit("none", mustMatch("no-such")), tranship.ErrNotFound)
	}
	f.sameFile(f.has("file", data), file)
	for _, name := range []string{"SetAttributes", "Remove"} {
		if err := edits[name]("file", mustMatch(file.Version)); err != nil {
			f.Fatalf("%s of the right version: %v", name, err)
		}
	}
	f.hasNot("file")
}
