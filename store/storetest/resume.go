package storetest

import (
	"errors"
	"slices"
	"strings"

	"github.com/tranship/tranship"
)

func resumeTests() []test {
	return []test{
		{"key", resumeKey},
		{"goes on", resumes},
		{"goes on without detach", resumesHeld},
		{"again and again", resumesOften},
		{"what else is new", resumesNothing},
		{"what is durable", whatIsDurable},
		{"a part begun again", begunAgain},
		{"nothing is kept without a key", keepsNothing},
		{"ends the older upload", resumeEndsOlder},
		{"ends writers at their work", resumeEndsWriters},
		{"the newer spec counts", newerSpec},
		{"the newer precondition counts", newerPrecondition},
		{"a precondition that fails keeps the parts", failedPrecondition},
		{"after a commit that failed", resumesFailedCommit},
		{"a commit that failed, let go, abort", abortAfterFailedCommit},
		{"abort", abortResumable},
		{"detach", detaches},
		{"transient", transient},
		{"empty file", resumesEmpty},
		{"copied parts are durable", copyDurable},
	}
}

func resumeKey(f fixture) {
	size := new(int64(4))
	for name, spec := range map[string]tranship.Spec{
		"too long":     {Path: "new", Size: size, ResumeKey: strings.Repeat("k", tranship.MaxResumeKeyBytes+1)},
		"not UTF-8":    {Path: "new", Size: size, ResumeKey: "a\xff"},
		"unknown size": {Path: "new", ResumeKey: "key"},
	} {
		_, err := f.store.Begin(f.Context(), spec)
		f.invalid("Begin with a key that is "+name, err)
	}
	f.hasUploads("")
	for _, key := range []string{
		strings.Repeat("k", tranship.MaxResumeKeyBytes), "\x00", "../../key", "a/b\\c", "日本語 😀 \u202e\n", ".", " ",
	} {
		spec := tranship.Spec{Path: "file", Size: size, ResumeKey: key}
		older := f.beginNew(spec)
		f.detach(older)
		upload := f.resume(older, spec)
		f.finish(upload, []byte("data"))
		f.remove("file")
	}
}

func resumes(f fixture) {
	data := f.parted(1)
	spec := resumable("d/file", "key", data)
	older := f.kept(spec, data, 2, 0)
	f.isEmpty()

	upload := f.resume(older, spec)
	f.isDurable(upload, data, 0, 2)
	f.isEmpty()
	f.writeParts(upload, data, 1)
	file := f.commit(upload, data)
	f.sameFile(f.has("d/file", data), file)
	f.lists(tranship.ListOptions{Recursive: true}, "d/file")
}

// resumesHeld resumes an upload that was not detached, as after a broken connection that the
// store has not noticed.
func resumesHeld(f fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	older := f.beginNew(spec)
	f.writeParts(older, data, 1)
	f.sync(older)
	writer := f.part(older, 0)
	f.write(writer, content(9, 500))

	upload := f.resume(older, spec)
	f.isDurable(upload, data, 1)
	f.finish(upload, data)
	f.overtaken(older, data)
	f.has("file", data)
}

func resumesOften(f fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	upload := f.beginNew(spec)
	epochs := []uint64{upload.Epoch()}
	for n := range pieces(upload, data) {
		for range 3 { // in vain twice
			f.detach(upload)
			upload = f.resume(upload, spec)
			epochs = append(epochs, upload.Epoch())
		}
		f.writeParts(upload, data, n)
		f.sync(upload)
	}
	if !slices.IsSorted(epochs) {
		f.Fatalf("epochs are %d, want them to rise", epochs)
	}
	f.isDurable(upload, data, 0, 1, 2)
	f.finish(upload, data)
}

// resumesNothing begins uploads that each differ from an unfinished one in one field.
func resumesNothing(f fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	older := f.kept(spec, data, 0)
	ids := []string{older.ID()}
	longer := content(2, int64(len(data))+1)
	var others []tranship.Upload
	for _, other := range []tranship.Spec{
		resumable("file", "another key", data),
		resumable("file", "Key", data),
		resumable("other", "key", data),
		resumable("file", "key", longer),
		{Path: "file", Size: spec.Size},
		{Path: "file"},
	} {
		upload := f.beginNew(other)
		if slices.Contains(ids, upload.ID()) {
			f.Fatalf("two uploads have the id %q", upload.ID())
		}
		ids, others = append(ids, upload.ID()), append(others, upload)
	}
	f.writeParts(others[0], content(3, int64(len(data))), 0, 1, 2)
	f.commit(others[0], content(3, int64(len(data))))
	f.finish(others[3], longer)
	f.hasNot("other")

	upload := f.resume(older, spec)
	f.isDurable(upload, data, 0)
	f.finish(upload, data)
}

// whatIsDurable checks that exactly the whole parts are durable after Sync.
func whatIsDurable(f fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	upload := f.beginNew(spec)
	piece := pieces(upload, data)
	f.sync(upload)
	f.isDurable(upload, data)

	f.writePart(upload, 0, piece[0][:len(piece[0])-1]) // closed, a byte short
	open := f.part(upload, 1)
	f.write(open, piece[1][:len(piece[1])-1])
	f.writePart(upload, 2, piece[2])
	f.sync(upload)
	f.isDurable(upload, data, 2)

	f.write(open, piece[1][len(piece[1])-1:])
	f.closeWriter(open)
	errs := together(4, func(int) error { return upload.Sync(f.Context()) })
	if err := errors.Join(errs...); err != nil {
		f.Fatalf("Sync, four at once: %v", err)
	}
	f.isDurable(upload, data, 1, 2)
	f.detach(upload)

	upload = f.resume(upload, spec)
	f.isDurable(upload, data, 1, 2)
	f.incomplete(upload, int64(len(data)), tranship.Range{Offset: 0, Length: upload.PartSize()})
	f.detach(upload)
	upload = f.resume(upload, spec)
	f.finish(upload, data)
}

func begunAgain(f fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	older := f.kept(spec, data, 0, 1, 2)
	piece := pieces(older, data)
	changed := slices.Concat(piece[0], content(2, older.PartSize()), piece[2])

	upload := f.resume(older, spec)
	writer := f.part(upload, 1)
	f.isDurable(upload, changed, 0, 2)
	f.write(writer, pieces(upload, changed)[1][:500])
	f.isDurable(upload, changed, 0, 2)
	f.closeWriter(writer)
	f.sync(upload)
	f.isDurable(upload, changed, 0, 2)
	f.detach(upload)

	upload = f.resume(upload, spec)
	f.isDurable(upload, changed, 0, 2)
	f.writeParts(upload, changed, 1)
	f.sync(upload)
	f.isDurable(upload, changed, 0, 1, 2)
	f.writeParts(upload, data, 1) // and over it, all in one upload
	f.sync(upload)
	f.isDurable(upload, data, 0, 1, 2)
	f.writeParts(upload, changed, 1)
	f.sync(upload)
	f.detach(upload)

	upload = f.resume(upload, spec)
	f.isDurable(upload, changed, 0, 1, 2)
	f.commit(upload, changed)
	f.has("file", changed)
}

func keepsNothing(f fixture) {
	data := f.parted(1)
	spec := tranship.Spec{Path: "file", Size: new(int64(len(data)))}
	upload := f.beginNew(spec)
	f.writeParts(upload, data, 0, 1)
	f.sync(upload)
	f.isDurable(upload, data)
	f.hasUploads("")
	f.detach(upload)
	f.detach(upload)
	f.abort(upload)
	f.endedOf(upload, data)
	f.isEmpty()

	again := f.beginNew(spec)
	f.finish(again, data)
}

// resumesEmpty resumes an upload without bytes, with and without a part.
func resumesEmpty(f fixture) {
	spec := resumable("file", "key", nil)
	upload := f.beginNew(spec)
	f.writePart(upload, 0, nil)
	f.sync(upload)
	f.isDurable(upload, nil)
	f.detach(upload)
	upload = f.resume(upload, spec)
	f.isDurable(upload, nil)
	f.finish(upload, nil)
}
