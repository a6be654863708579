package storetest

import (
	"github.com/tranship/tranship"
)

func treeTests() []test {
	return []test{
		{"a file blocks paths below it", fileBlocksBelow},
		{"a file is blocked by files below it", fileBlockedByBelow},
		{"a common prefix blocks nothing", prefixBlocksNothing},
		{"an empty directory blocks nothing", emptyDirectoryBlocksNothing},
		{"a replaced file blocks nothing more", replacedBlocksNothing},
		{"an unfinished upload blocks nothing", unfinishedBlocksNothing},
		{"a directory is not a file", directoryIsNoFile},
		{"nothing is below a file", nothingBelowFile},
	}
}

// blocked checks that neither Put nor an upload can make a file at path.
func (f fixture) blocked(path string) {
	f.Helper()
	_, err := f.store.Put(f.Context(), tranship.Spec{Path: path}, []byte("blocked"))
	f.fails("Put("+path+")", err, tranship.ErrExists)

	upload, err := f.store.Begin(f.Context(), tranship.Spec{Path: path})
	if err == nil { // then the commit must fail
		f.cleanUp(upload)
		f.writePart(upload, 0, []byte("blocked"))
		_, err = upload.Commit(f.Context(), tranship.Commit{Size: 7})
	}
	f.fails("uploading "+path, err, tranship.ErrExists)
}

func fileBlocksBelow(f fixture) {
	data := []byte("a file")
	f.put("file", data)
	f.put("d/file", data)
	for _, path := range []string{"file/x", "file/x/y/z", "d/file/x"} {
		f.blocked(path)
		f.hasNot(path)
	}
	f.lists(tranship.ListOptions{Recursive: true}, "d/file", "file")
	f.has("file", data)
	f.has("d/file", data)
}

func fileBlockedByBelow(f fixture) {
	data := []byte("a file")
	f.put("d/e/f", data)
	for _, path := range []string{"d", "d/e"} {
		f.blocked(path)
		f.hasNot(path)
	}
	f.lists(tranship.ListOptions{Recursive: true}, "d/e/f")
	f.has("d/e/f", data)
}

func prefixBlocksNothing(f fixture) {
	for _, path := range []string{"a/b", "ab", "a.", "a/b.c", "a/bc/d", "A"} {
		f.put(path, []byte(path))
	}
	for _, path := range []string{"a/b", "ab", "a.", "a/b.c", "a/bc/d", "A"} {
		f.has(path, []byte(path))
	}
}

func emptyDirectoryBlocksNothing(f fixture) {
	f.put("d/e/f", []byte("1"))
	f.remove("d/e/f")
	f.isEmpty()
	f.put("d/e", []byte("a file where a directory was"))
	f.remove("d/e")
	f.put("d", []byte("another"))
	f.remove("d")
	f.put("d/e/f", []byte("and back"))
	f.has("d/e/f", []byte("and back"))

	f.moveFile("d/e/f", "elsewhere")
	f.lists(tranship.ListOptions{}, "elsewhere")
	f.copyFile("elsewhere", "d")
	f.remove("d")
	f.put("d/e/f", []byte("again"))
	f.remove("d/e/f")
	f.moveFile("elsewhere", "d")
	f.has("d", []byte("and back"))
}

// replacedBlocksNothing replaces a file in every way, and then removes it once.
func replacedBlocksNothing(f fixture) {
	f.put("source", []byte("source"))
	f.put("d/e/f", []byte("1"))
	f.put("d/e/f", []byte("2"))
	f.upload(tranship.Spec{Path: "d/e/f"}, []byte("3"))
	for name, transplant := range f.transplants() {
		f.put("source", []byte("source"))
		if _, err := transplant("source", "d/e/f", tranship.Precondition{}); err != nil {
			f.Fatalf("%s: %v", name, err)
		}
	}
	if _, err := f.store.SetAttributes(f.Context(), "d/e/f", tranship.Attributes{}, tranship.Precondition{}); err != nil {
		f.Fatalf("SetAttributes: %v", err)
	}
	f.remove("d/e/f")
	f.lists(tranship.ListOptions{Directory: "d"})
	f.put("d", []byte("a file"))
	f.has("d", []byte("a file"))
}

func unfinishedBlocksNothing(f fixture) {
	below := f.begin(tranship.Spec{Path: "d/e/f"})
	f.writePart(below, 0, []byte("below"))
	f.isEmpty()
	f.put("d", []byte("a file"))
	f.remove("d")

	at := f.begin(tranship.Spec{Path: "d"})
	f.writePart(at, 0, []byte("at"))
	f.abort(below)
	f.put("d/x", []byte("x"))
	_, err := at.Commit(f.Context(), tranship.Commit{Size: 2})
	f.fails("Commit above a file", err, tranship.ErrExists)
	f.remove("d/x")
	f.upload(tranship.Spec{Path: "d"}, []byte("at"))
	f.has("d", []byte("at"))
}

func directoryIsNoFile(f fixture) {
	f.put("d/e/f", []byte("f"))
	for _, path := range []string{"d", "d/e"} {
		f.absent(path)
	}
	f.lists(tranship.ListOptions{Recursive: true}, "d/e/f")
}

func nothingBelowFile(f fixture) {
	f.put("file", []byte("f"))
	for _, path := range []string{"file/x", "file/x/y"} {
		f.absent(path)
	}
	f.lists(tranship.ListOptions{Directory: "file"})
	f.lists(tranship.ListOptions{Directory: "file/x", Recursive: true})
}

// absent checks that no method finds a file at path.
func (f fixture) absent(path string) {
	f.Helper()
	f.hasNot(path)
	none := tranship.Precondition{}
	f.fails("Remove("+path+")", f.store.Remove(f.Context(), path, none), tranship.ErrNotFound)
	_, err := f.store.SetAttributes(f.Context(), path, tranship.Attributes{}, none)
	f.fails("SetAttributes("+path+")", err, tranship.ErrNotFound)
	if !f.lacks[NoMove] {
		_, err = f.store.Move(f.Context(), path, "destination", none)
		f.fails("Move("+path+")", err, tranship.ErrNotFound)
	}
	if !f.lacks[NoCopy] {
		_, err = f.store.Copy(f.Context(), path, "destination", none)
		f.fails("Copy("+path+")", err, tranship.ErrNotFound)
	}
	f.hasNot("destination")
}
