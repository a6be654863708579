package storetest

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

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
		{"empty file", resumesEmpty},
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

// resumesHeld resumes an upload that nobody let go, as after a connection that
// broke unnoticed.
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

// resumesNothing begins what differs from an unfinished upload in one way.
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

// whatIsDurable checks that whole parts are, once they were synced, and nothing
// else.
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

func resumeEndsOlder(f fixture) {
	data, stale := f.parted(1), f.parted(2)
	spec := resumable("file", "key", data)
	f.put("source", data[:1000])
	first := f.beginNew(spec)
	writer := f.part(first, 1)
	f.write(writer, stale[:1000])

	second := f.resume(first, spec)
	f.lateWrite(writer)
	f.abortedOrNil("Close of a writer of an upload resumed since", writer.Close())
	f.overtaken(first, stale)
	f.writeParts(second, data, 0)
	f.sync(second)

	third := f.resume(second, spec)
	f.isDurable(third, data, 0)
	f.overtaken(first, stale)
	f.overtaken(second, stale)
	f.finish(third, data)
	f.overtaken(second, stale)
	f.has("file", data)
	f.hasUploads("")
}

// resumeEndsWriters has writers of the older upload keep writing other bytes to
// every part while the newer one takes over.
func resumeEndsWriters(f fixture) {
	data, stale := f.parted(1), f.parted(2)
	spec := resumable("file", "key", data)
	upload := f.beginNew(spec)
	for range 4 {
		older := upload
		begun := make(chan struct{}, 3)
		done := make(chan []error)
		go func() {
			done <- together(3, func(n int) error {
				writer, err := older.Part(f.Context(), n)
				if err != nil {
					begun <- struct{}{}
					return err
				}
				piece := pieces(older, stale)[n]
				err = write(writer, piece[:1])
				begun <- struct{}{}
				for i := 1; i < len(piece) && err == nil; i += 1000 {
					_, err = writer.Write(piece[i:min(i+1000, len(piece))])
				}
				return errors.Join(err, writer.Close())
			})
		}()
		for range 3 {
			<-begun
		}
		upload = f.resume(older, spec)
		f.writeParts(upload, data, 2, 1, 0)
		for _, err := range <-done {
			f.abortedOrNil("what a writer of the older upload met", err)
		}
		f.sync(upload)
		f.isDurable(upload, data, 0, 1, 2)
	}
	f.finish(upload, data)
}

func newerSpec(f fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	spec.Durability = tranship.DurabilityWritten
	spec.Attributes = tranship.Attributes{
		ModTime:  new(time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)),
		Mode:     new(fs.FileMode(0o600)),
		Metadata: map[string]string{"old": "1"},
	}
	older := f.kept(spec, data, 0)

	spec.Durability = tranship.DurabilityDurable
	spec.Attributes = tranship.Attributes{Mode: new(fs.FileMode(0o640)), Metadata: map[string]string{"new": "2"}}
	file := f.finish(f.resume(older, spec), data)
	if file.Mode != 0o640 || !maps.Equal(file.Metadata, map[string]string{"new": "2"}) || file.ModTime.Year() == 2001 {
		f.Fatalf("attributes are not the newer spec's: %+v", file)
	}

	spec.Path = "bare"
	older = f.kept(spec, data, 0)
	file = f.finish(f.resume(older, resumable("bare", "key", data)), data)
	if file.Mode != tranship.DefaultMode || len(file.Metadata) != 0 {
		f.Fatalf("attributes are not the newer spec's, the defaults: %+v", file)
	}
}

func newerPrecondition(f fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	spec.Precondition = mustNotExist()
	older := f.kept(spec, data, 0)
	version := f.put("file", []byte("there")).Version

	spec.Precondition = mustMatch(version)
	upload := f.resume(older, spec)
	version = f.put("file", []byte("another")).Version
	f.writeParts(upload, data, 1, 2)
	f.sync(upload)
	_, err := commit(f.Context(), upload, data)
	f.fails("Commit over another version", err, tranship.ErrPrecondition)
	f.has("file", []byte("another"))
	f.detach(upload)

	spec.Precondition = mustMatch(version)
	upload = f.resume(upload, spec)
	f.isDurable(upload, data, 0, 1, 2)
	f.finish(upload, data)
}

// failedPrecondition leaves open whether Begin or Commit fails.
func failedPrecondition(f fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	older := f.kept(spec, data, 0, 1, 2)
	f.put("file", []byte("there"))
	for target, precondition := range map[error]tranship.Precondition{
		tranship.ErrExists:       mustNotExist(),
		tranship.ErrPrecondition: mustMatch("no-such"),
	} {
		spec.Precondition = precondition
		upload, err := f.store.Begin(f.Context(), spec)
		if err == nil {
			_, err = commit(f.Context(), upload, data)
			f.detach(upload)
		}
		f.fails("resuming an upload that must not be committed", err, target)
	}
	f.has("file", []byte("there"))
	spec.Precondition = tranship.Precondition{}
	upload := f.resume(older, spec)
	f.isDurable(upload, data, 0, 1, 2)
	f.finish(upload, data)
}

func resumesFailedCommit(f fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	bad := slices.Clone(data)
	bad[len(bad)/2]++ // in part 1
	upload := f.beginNew(spec)
	f.writeParts(upload, bad, 0, 1, 2)
	_, err := commit(f.Context(), upload, data)
	f.fails("Commit of other bytes", err, tranship.ErrIntegrity)
	f.isEmpty()
	f.detach(upload)

	upload = f.resume(upload, spec)
	f.writeParts(upload, data, 1)
	_, err = upload.Commit(f.Context(), tranship.Commit{Size: 1})
	f.invalid("Commit of another size", err)
	f.isEmpty()
	f.detach(upload)

	upload = f.resume(upload, spec)
	f.writeParts(upload, data, 1)
	f.finish(upload, data)
	f.hasUploads("")
}

// abortAfterFailedCommit aborts late: what was let go, or resumed since, it must
// not touch.
func abortAfterFailedCommit(f fixture) {
	data, bad := f.parted(1), f.parted(2)
	spec := resumable("file", "key", data)
	upload := f.beginNew(spec)
	f.writeParts(upload, data, 0, 1, 2)
	f.sync(upload)
	for _, detached := range []bool{true, false} {
		older := upload
		_, err := commit(f.Context(), older, bad)
		f.fails("Commit of other bytes", err, tranship.ErrIntegrity)
		if detached {
			f.detach(older)
			f.abort(older)
		}
		upload = f.resume(older, spec)
		f.detach(older)
		f.abort(older)
		f.hasUploads("", "file")
		f.isDurable(upload, data, 0, 1, 2)
	}
	f.finish(upload, data)

	spec.Path = "aborted"
	upload = f.beginNew(spec)
	f.writeParts(upload, data, 0, 1, 2)
	_, err := commit(f.Context(), upload, bad)
	f.fails("Commit of other bytes", err, tranship.ErrIntegrity)
	f.abort(upload)
	f.hasUploads("")
	f.finish(f.beginNew(spec), data)
}

func abortResumable(f fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	upload := f.beginNew(spec)
	f.writeParts(upload, data, 0)
	f.sync(upload)
	writer := f.part(upload, 1)
	f.write(writer, []byte("late"))
	f.abort(upload)
	if err := errors.Join(writer.Close(), upload.Detach(f.Context())); err != nil {
		f.endedError("Close after Abort", err)
	}
	f.endedOf(upload, data)
	f.hasUploads("")

	again := f.beginNew(spec)
	if again.ID() == upload.ID() {
		f.Fatalf("the upload was aborted and is there again")
	}
	f.abort(upload) // does nothing
	f.finish(again, data)
}

func detaches(f fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	older := f.beginNew(spec)
	f.writeParts(older, data, 0)
	f.sync(older)
	writer := f.part(older, 1)
	f.write(writer, data[:100])
	f.detach(older)
	if err := write(writer, []byte("late")); err != nil {
		f.endedError("Write after Detach", err)
	}
	if err := writer.Close(); err != nil {
		f.endedError("Close after Detach", err)
	}
	f.endedOf(older, data)
	f.detach(older)
	f.abort(older)

	upload := f.resume(older, spec)
	f.isDurable(upload, data, 0)
	f.detach(older)
	f.abort(older)
	f.finish(upload, data)
}

// resumesEmpty has no parts at all, or one without bytes.
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
