package storetest

import "github.com/tranship/tranship"

// asTransient returns a spec whose upload is not kept.
func asTransient(spec tranship.Spec) tranship.Spec {
	spec.Transient = true
	return spec
}

func transient(f fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	upload := f.beginNew(asTransient(spec))
	f.writeParts(upload, data, 0)
	f.sync(upload)
	f.isDurable(upload, data, 0)
	f.detach(upload)
	f.hasUploads("")

	// It continues an upload that was kept, and takes it along.
	kept := f.kept(spec, data, 1)
	upload = f.resume(kept, asTransient(spec))
	f.isDurable(upload, data, 1)
	f.detach(upload)
	f.hasUploads("")
	f.abort(f.beginNew(spec))

	// The newer spec counts.
	upload = f.beginNew(asTransient(spec))
	f.writeParts(upload, data, 2)
	f.sync(upload)
	older := f.resume(upload, spec)
	f.detach(upload) // which has ended
	f.detach(older)
	upload = f.resume(older, asTransient(spec))
	f.isDurable(upload, data, 2)
	f.finish(upload, data)
	f.hasUploads("")
	f.has("file", data)
}

func reopenTransient(f fixture, reopen func() fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	f.kept(spec, data, 0)
	f = reopen()
	f.hasUploads("", "file")
	upload := f.begin(asTransient(spec))
	f.writeParts(upload, data, 1)
	f.sync(upload)
	f = reopen()
	f.hasUploads("")
	f.abort(f.beginNew(spec))
}
