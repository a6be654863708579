package storetest

import (
	"context"
	"maps"
	"strings"

	"github.com/tranship/tranship"
)

// Lack is something that a store declares not to do. The suite then checks that the store
// refuses it, and changes nothing.
type Lack string

const (
	// NoResume: the store resumes no upload. A Begin with a ResumeKey begins a new
	// upload, as without, and the store has no unfinished uploads to be listed, found or
	// aborted.
	NoResume Lack = "resume"
	// NoCopyPart: Upload.CopyPart fails with tranship.ErrUnsupported, and the upload can
	// go on.
	NoCopyPart Lack = "copy part"
	// NoMove: Move fails with tranship.ErrUnsupported and changes nothing.
	NoMove Lack = "move"
	// NoCopy: Copy fails with tranship.ErrUnsupported and changes nothing.
	NoCopy Lack = "copy"
	// NoRevision: the store cannot decide Precondition.MustMatchRevision. A change with it
	// fails with tranship.ErrUnsupported, and nothing is changed.
	NoRevision Lack = "revision"
	// NoSourceVersion: the store cannot decide Precondition.MustMatchSourceVersion. Move
	// and Copy with it fail with tranship.ErrUnsupported, and change nothing.
	NoSourceVersion Lack = "source version"
	// NoDirectories: the store makes no directories, so that none counts for an account. It
	// is a lack of TestAccounts alone.
	NoDirectories Lack = "directories"
)

// lackTests returns the tests of a store that has declared the lack.
func lackTests(lack Lack) []test {
	switch lack {
	case NoResume:
		return []test{{"begins anew", beginsAnew}, {"has no uploads", hasNoUploads}, {"detach is abort", detachAborts}}
	case NoCopyPart:
		return []test{{"is refused", refusesCopyPart}}
	case NoMove:
		return []test{{"is refused", func(f fixture) { f.refusesTransplant(f.store.Move) }}}
	case NoCopy:
		return []test{{"is refused", func(f fixture) { f.refusesTransplant(f.store.Copy) }}}
	case NoRevision:
		return []test{{"is refused", refusesRevision}}
	case NoSourceVersion:
		return []test{{"is refused", refusesSourceVersion}}
	}
	return []test{{"is unknown", func(f fixture) { f.Fatalf("there is no lack %q: declare one of this package's constants", lack) }}}
}

// needs skips the test if the store has declared one of the lacks.
func (f fixture) needs(lacks ...Lack) {
	f.Helper()
	for _, lack := range lacks {
		if f.lacks[lack] {
			f.Skipf("the store has declared a lack: %s", lack)
		}
	}
}

// dropLacking removes the calls of methods that the store has declared to lack. The first word
// of a call's name is the method.
func dropLacking[F any](f fixture, calls map[string]F) {
	for lack, method := range map[Lack]string{NoMove: "move", NoCopy: "copy", NoCopyPart: "copypart"} {
		if f.lacks[lack] {
			maps.DeleteFunc(calls, func(name string, _ F) bool {
				first, _, _ := strings.Cut(strings.ToLower(name), " ")
				return first == method
			})
		}
	}
}

// moveFile moves a file. If the store lacks Move, it reads, removes and puts the file.
func (f fixture) moveFile(source, destination string) {
	f.Helper()
	if f.lacks[NoMove] {
		_, data := f.read(source, tranship.OpenOptions{})
		f.remove(source) // perhaps it is above or below the destination
		f.put(destination, data)
		return
	}
	if _, err := f.store.Move(f.Context(), source, destination, tranship.Precondition{}); err != nil {
		f.Fatalf("Move(%q, %q): %v", source, destination, err)
	}
}

// copyFile copies a file. If the store lacks Copy, it reads and puts the file.
func (f fixture) copyFile(source, destination string) {
	f.Helper()
	if f.lacks[NoCopy] {
		_, data := f.read(source, tranship.OpenOptions{})
		f.put(destination, data)
		return
	}
	if _, err := f.store.Copy(f.Context(), source, destination, tranship.Precondition{}); err != nil {
		f.Fatalf("Copy(%q, %q): %v", source, destination, err)
	}
}

// beginsAnew begins the same upload several times. No upload has parts of another, and each
// can commit.
func beginsAnew(f fixture) {
	data := f.parted(1)
	spec := resumable("d/file", "key", data)
	older := f.beginNew(spec)
	f.writeParts(older, data, 0, 1)
	f.sync(older)
	f.isDurable(older, data)
	upload := f.beginNew(spec)
	if upload.ID() == older.ID() {
		f.Fatalf("two uploads have the id %q", upload.ID())
	}
	f.incomplete(upload, int64(len(data)), tranship.Range{Offset: 0, Length: int64(len(data))})
	f.finish(older, data) // it has not ended
	again := f.beginNew(spec)
	file := f.finish(again, data)
	if after := f.beginNew(spec); after.ID() == again.ID() {
		f.Fatalf("the store remembers the commit of %+v", file)
	}
}

func hasNoUploads(f fixture) {
	data := f.parted(1)
	upload := f.beginNew(resumable("d/file", "key", data))
	f.writeParts(upload, data, 0)
	f.sync(upload)
	for _, directory := range []string{"", "d", "d/file"} {
		f.hasUploads(directory)
	}
	_, err := tranship.FindUpload(f.Context(), f.store, upload.ID())
	f.fails("FindUpload", err, tranship.ErrNotFound)
	f.fails("AbortUpload", f.store.AbortUpload(f.Context(), upload.ID()), tranship.ErrNotFound)
	f.finish(upload, data)
}

func detachAborts(f fixture) {
	data := []byte("data")
	upload := f.beginNew(resumable("file", "key", data))
	f.writePart(upload, 0, data)
	f.detach(upload)
	f.ended(upload)
	f.isEmpty()
}

func refusesCopyPart(f fixture) {
	data := content(1, 1000)
	f.put("source", data)
	upload := f.begin(tranship.Spec{Path: "file", Size: new(int64(1000))})
	err := upload.CopyPart(f.Context(), 0, "source", tranship.OpenOptions{})
	f.fails("CopyPart", err, tranship.ErrUnsupported)
	f.incomplete(upload, 1000, tranship.Range{Offset: 0, Length: 1000})

	upload = f.begin(tranship.Spec{Path: "file", Size: new(int64(1000))})
	f.fails("CopyPart", upload.CopyPart(f.Context(), 0, "source", tranship.OpenOptions{}), tranship.ErrUnsupported)
	f.writePart(upload, 0, data)
	f.commit(upload, data)
	f.has("file", data)
}

// transplant is Move or Copy.
type transplant func(ctx context.Context, source, destination string, precondition tranship.Precondition) (tranship.File, error)

func (f fixture) refusesTransplant(do transplant) {
	f.Helper()
	source, over := f.put("d/source", []byte("source")), f.put("over", []byte("over"))
	for _, destination := range []string{"new", "e/new", "over"} {
		_, err := do(f.Context(), "d/source", destination, tranship.Precondition{})
		f.fails("what the store does not do", err, tranship.ErrUnsupported)
	}
	f.lists(tranship.ListOptions{Recursive: true}, "d/source", "over")
	f.sameFile(f.has("d/source", []byte("source")), source)
	f.sameFile(f.has("over", []byte("over")), over)
}

// refusesRevision changes a file over the right revision, which the store must not take for
// no condition.
func refusesRevision(f fixture) {
	source, file := f.put("source", []byte("source")), f.put("file", []byte("file"))
	precondition := mustMatchRevision(file.Revision())
	_, err := f.store.Put(f.Context(), tranship.Spec{Path: "file", Precondition: precondition}, []byte("new"))
	f.fails("Put over a revision", err, tranship.ErrUnsupported)
	_, err = f.store.Begin(f.Context(), tranship.Spec{Path: "file", Precondition: precondition})
	f.fails("Begin over a revision", err, tranship.ErrUnsupported)
	_, err = f.store.SetAttributes(f.Context(), "file", tranship.Attributes{Metadata: map[string]string{"key": "value"}}, precondition)
	f.fails("SetAttributes of a revision", err, tranship.ErrUnsupported)
	f.fails("Remove of a revision", f.store.Remove(f.Context(), "file", precondition), tranship.ErrUnsupported)
	for name, transplant := range f.transplants() {
		_, err := transplant("source", "file", precondition)
		f.fails(name+" over a revision", err, tranship.ErrUnsupported)
	}
	f.sameFile(f.has("file", []byte("file")), file)
	f.sameFile(f.has("source", []byte("source")), source)
}

func refusesSourceVersion(f fixture) {
	source := f.put("source", []byte("source"))
	for name, transplant := range f.transplants() {
		_, err := transplant("source", "file", tranship.Precondition{MustMatchSourceVersion: source.Version})
		f.fails(name+" of a version", err, tranship.ErrUnsupported)
	}
	f.lists(tranship.ListOptions{}, "source")
	f.sameFile(f.has("source", []byte("source")), source)
}
