package storetest

import (
	"io/fs"
	"slices"

	"github.com/tranship/tranship"
)

func reopenFailedCommit(f fixture, reopen func() fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	bad := slices.Clone(data)
	bad[len(bad)/2]++ // in part 1
	upload := f.beginNew(spec)
	f.writeParts(upload, bad, 0, 1, 2)
	f.sync(upload)
	_, err := commit(f.Context(), upload, data)
	f.fails("Commit of other bytes", err, tranship.ErrIntegrity)

	f = reopen()
	f.isEmpty()
	upload = f.resume(upload, spec)
	f.isDurable(upload, bad, 0, 1, 2)
	f.writeParts(upload, data, 1)
	f.finish(upload, data)
}

func reopenSpec(f fixture, reopen func() fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	spec.Precondition = mustNotExist()
	spec.Attributes = tranship.Attributes{Mode: new(fs.FileMode(0o600)), Metadata: map[string]string{"old": "1"}}
	upload := f.kept(spec, data, 0)
	f.put("file", []byte("there"))

	f = reopen()
	spec.Precondition = tranship.Precondition{}
	spec.Attributes = tranship.Attributes{Metadata: map[string]string{"new": "2"}}
	file := f.finish(f.resume(upload, spec), data)
	if file.Mode != tranship.DefaultMode || len(file.Metadata) != 1 || file.Metadata["new"] != "2" {
		f.Fatalf("attributes are not the newer spec's: %+v", file)
	}
	f = reopen()
	f.sameFile(f.has("file", data), file)
}

func reopenWithoutKey(f fixture, reopen func() fixture) {
	data := f.parted(1)
	spec := tranship.Spec{Path: "d/file", Size: new(int64(len(data)))}
	for _, spec := range []tranship.Spec{spec, {Path: "d/file"}} {
		upload := f.beginNew(spec)
		f.writeParts(upload, data, 0, 1)
		f.write(f.part(upload, 2), data[:10])
	}
	f = reopen()
	f.isEmpty()
	f.hasUploads("")
	f.put("d", []byte("nothing is in the way"))
	f.remove("d")
	f.finish(f.beginNew(spec), data)
}

func reopenEnded(f fixture, reopen func() fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	aborted := f.beginNew(spec)
	f.writeParts(aborted, data, 0)
	f.sync(aborted)
	f.abort(aborted)
	removed := f.kept(resumable("removed", "key", data), data, 1)
	if err := f.store.AbortUpload(f.Context(), removed.ID()); err != nil {
		f.Fatalf("AbortUpload: %v", err)
	}
	f.finish(f.beginNew(resumable("committed", "key", data)), data)

	f = reopen()
	f.hasUploads("")
	f.lists(tranship.ListOptions{}, "committed")
	f.finish(f.beginNew(spec), data)
	f.finish(f.beginNew(resumable("removed", "key", data)), data)
}

func reopenAbort(f fixture, reopen func() fixture) {
	data := f.parted(1)
	upload := f.kept(resumable("file", "key", data), data, 0)
	other := f.kept(resumable("file", "another key", data), data, 0)
	f = reopen()
	if err := f.store.AbortUpload(f.Context(), upload.ID()); err != nil {
		f.Fatalf("AbortUpload: %v", err)
	}
	f.hasUploads("", "file")
	f = reopen()
	f.hasUploads("", "file")
	f.fails("AbortUpload again", f.store.AbortUpload(f.Context(), upload.ID()), tranship.ErrNotFound)
	f.beginNew(resumable("file", "key", data))
	f.finish(f.resume(other, resumable("file", "another key", data)), data)
}

func reopenRemembered(f fixture, reopen func() fixture) {
	data := f.parted(1)
	spec := resumable("d/file", "key", data)
	spec.Precondition = mustNotExist()
	older, file := f.committed(spec, data)
	for range 2 {
		f = reopen()
		f.hasUploads("")
		f.detach(f.recall(older, spec, data))
		f.sameFile(f.commit(f.recall(older, spec, data), data), file)
	}
	upload := f.recall(older, spec, data)
	_, err := commit(f.Context(), upload, f.parted(2))
	f.fails("Commit of another checksum", err, tranship.ErrIntegrity)
	f.sameFile(f.has("d/file", data), file)
}

func reopenForgotten(f fixture, reopen func() fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	older, file := f.committed(spec, data)
	f = reopen()
	f.abort(f.recall(older, spec, data))
	f = reopen()
	f.sameFile(f.has("file", data), file)
	older, file = f.committed(spec, data)

	f = reopen()
	f.put("file", []byte("another"))
	f = reopen()
	upload := f.beginNew(spec)
	if upload.ID() == older.ID() {
		f.Fatalf("the file was replaced, and its upload is there again")
	}
	if newer := f.finish(upload, data); newer.Version == file.Version {
		f.Fatalf("the file was committed again, and has the same version")
	}
}
