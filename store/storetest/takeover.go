package storetest

import (
	"errors"
	"slices"

	"github.com/tranship/tranship"
)

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

// resumeEndsWriters keeps writers of the older upload writing other bytes to every part
// while the newer upload takes over.
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

// abortAfterFailedCommit aborts an upload that was detached or resumed since. The Abort must
// change nothing.
func abortAfterFailedCommit(f fixture) {
	data, bad := f.parted(1), f.parted(2)
	spec := resumable("file", "key", data)
	upload := f.beginNew(spec)
	f.writeParts(upload, data, 0, 1, 2)
	f.sync(upload)
	for _, end := range []struct{ before, after []func(tranship.Upload) }{
		{before: []func(tranship.Upload){f.detach, f.abort}},
		{after: []func(tranship.Upload){f.detach, f.abort}},
		{after: []func(tranship.Upload){f.abort, f.detach}},
	} {
		older := upload
		_, err := commit(f.Context(), older, bad)
		f.fails("Commit of other bytes", err, tranship.ErrIntegrity)
		for _, do := range end.before {
			do(older)
		}
		upload = f.resume(older, spec)
		for _, do := range end.after {
			do(older)
		}
		f.hasUploads("", "file")
		f.sync(upload)
		f.isDurable(upload, data, 0, 1, 2)
	}
	f.finish(upload, data)
	older := upload

	_, err := commit(f.Context(), f.recall(older, spec, data), bad) // left as it is
	f.fails("Commit of other bytes", err, tranship.ErrIntegrity)
	failed := f.recall(older, spec, data)
	_, err = commit(f.Context(), failed, bad)
	f.fails("Commit of other bytes", err, tranship.ErrIntegrity)
	upload = f.recall(older, spec, data)
	f.abort(failed) // must not make the store forget for the newer
	f.commit(upload, data)
	f.commit(f.recall(older, spec, data), data)

	spec.Path = "aborted"
	upload = f.beginNew(spec)
	f.writeParts(upload, data, 0, 1, 2)
	_, err = commit(f.Context(), upload, bad)
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
