package storetest

import (
	"github.com/tranship/tranship"
)

// tailDropped begins the part of the tail again, also while a writer continues it.
func tailDropped(f fixture) {
	upload, spec, data := f.tailed()
	first, stale := pieces(upload, data)[0], content(2, upload.PartSize())
	for _, open := range []bool{false, true} {
		f.writeTail(upload, 0, stale[:500])
		f.hasTail(upload, 0, stale[:500])
		var older tranship.PartWriter
		if open {
			older = f.continuePart(upload)
			f.write(older, stale[500:600])
		}
		writer := f.part(upload, 0)
		f.hasNoTail(upload)
		if open {
			f.fails("Write behind a tail that was dropped", write(older, stale[:1]), tranship.ErrAborted)
		}
		f.write(writer, first[:100])
		f.closeWriter(writer) // not whole, and not a tail
		f.hasNoTail(upload)
	}
	f.detach(upload)
	upload = f.resume(upload, spec)
	f.hasNoTail(upload)
	f.writeTail(upload, 0, first[:50])
	f.hasTail(upload, 0, first[:50])
	f.continueTail(upload, first[50:])
	f.finish(upload, data)
}

func tailCopiedOver(f fixture) {
	f.needs(NoCopyPart)
	upload, spec, data := f.tailed()
	f.upload(tranship.Spec{Path: "source", Size: new(upload.PartSize())}, data[:upload.PartSize()])
	f.writeTail(upload, 0, content(2, 500))
	if err := upload.CopyPart(f.Context(), 0, "source", tranship.OpenOptions{}); err != nil {
		f.Fatalf("CopyPart: %v", err)
	}
	f.hasNoTail(upload)
	f.detach(upload)
	upload = f.resume(upload, spec)
	f.hasNoTail(upload)
	f.isDurable(upload, data, 0)
	f.finish(upload, data)
}

// tailBeside writes other parts while the upload has a tail.
func tailBeside(f fixture) {
	upload, spec, data := f.tailed()
	parts := pieces(upload, data)
	f.writeTail(upload, 1, parts[1][:500])
	f.writeParts(upload, data, 0)
	f.hasTail(upload, 1, parts[1][:500])
	writer := f.continuePart(upload)
	f.writeParts(upload, data, 2)
	f.write(writer, parts[1][500:600])
	f.closeTail(writer)
	f.hasTail(upload, 1, parts[1][:600])
	f.sync(upload)
	f.isDurable(upload, data, 0, 2)
	if info := f.uploads("")[0]; info.DurableBytes != int64(len(parts[0])+len(parts[2])+600) {
		f.Fatalf("%d bytes are durable, want those of two parts and the 600 of the tail", info.DurableBytes)
	}
	f.detach(upload)
	upload = f.resume(upload, spec)
	f.hasTail(upload, 1, parts[1][:600])
	f.isDurable(upload, data, 0, 2)
	f.continueTail(upload, parts[1][600:])
	f.commit(upload, data)
	f.has("d/file", data)
}

// tailReplaced makes the beginning of another part the tail, which is then the only one.
func tailReplaced(f fixture) {
	upload, spec, data := f.tailed()
	parts := pieces(upload, data)
	f.writeTail(upload, 0, parts[0][:500])
	f.writeTail(upload, 1, parts[1][:300])
	f.hasTail(upload, 1, parts[1][:300])
	f.detach(upload)
	upload = f.resume(upload, spec)
	f.hasTail(upload, 1, parts[1][:300])
	f.writeTail(upload, 0, parts[0][:200])
	f.hasTail(upload, 0, parts[0][:200])
	f.continueTail(upload, parts[0][200:])
	f.hasNoTail(upload)
	f.finish(upload, data)
}

// tailOfNothing ends writers without a byte.
func tailOfNothing(f fixture) {
	upload, spec, data := f.tailed()
	parts := pieces(upload, data)
	f.writeTail(upload, 0, nil)
	f.hasNoTail(upload)
	f.writeTail(upload, 0, parts[0][:500])
	f.continueTail(upload, nil)
	f.hasTail(upload, 0, parts[0][:500])
	f.writeTail(upload, 1, nil)
	f.hasTail(upload, 0, parts[0][:500])
	f.detach(upload)
	upload = f.resume(upload, spec)
	f.hasTail(upload, 0, parts[0][:500])
	f.writeTail(upload, 0, nil) // it is the call of Part that drops the tail
	f.hasNoTail(upload)
	f.finish(upload, data)
}

func tailTooMuch(f fixture) {
	upload, _, data := f.tailed()
	for n, part := range pieces(upload, data) {
		f.writeTail(upload, n, part[:500])
		writer := f.continuePart(upload)
		_, err := writer.Write(content(2, int64(len(part)-500+1)))
		f.invalid("Write beyond the end of a part that has a tail", err)
		f.write(writer, part[500:])
		_, err = writer.Write([]byte{1})
		f.invalid("Write beyond the end of a part that has a tail", err)
		f.closeTail(writer)
		f.hasNoTail(upload)
	}
	f.commit(upload, data)
	f.has("d/file", data)
}

// tailIncomplete commits an upload whose bytes are all there, but some only in the tail.
func tailIncomplete(f fixture) {
	data := []byte("0123456789")
	spec := resumable("file", "key", data)
	upload := f.beginNew(spec)
	f.writeTail(upload, 0, data[:9])
	f.incomplete(upload, 10, tranship.Range{Offset: 0, Length: 10})
	f.isEmpty()
}

func tailFailedCommit(f fixture) {
	upload, spec, data := f.tailed()
	parts := pieces(upload, data)
	f.writeTail(upload, 2, parts[2][:500])
	f.writeParts(upload, data, 0, 1)
	f.incomplete(upload, int64(len(data)), tranship.Range{Offset: 2 * upload.PartSize(), Length: int64(len(parts[2]))})
	f.detach(upload)
	upload = f.resume(upload, spec)
	f.hasTail(upload, 2, parts[2][:500])
	f.continueTail(upload, parts[2][500:])
	f.commit(upload, data)
	f.has("d/file", data)
}

func tailAborted(f fixture) {
	upload, spec, data := f.tailed()
	f.writeTail(upload, 0, data[:500])
	f.abort(upload)
	f.tailEnded(upload)
	f.hasUploads("")
	upload = f.beginNew(spec)
	f.hasNoTail(upload)
	f.writeTail(upload, 0, data[:500])
	if err := f.store.AbortUpload(f.Context(), upload.ID()); err != nil {
		f.Fatalf("AbortUpload: %v", err)
	}
	upload = f.beginNew(spec)
	f.hasNoTail(upload)
	f.finish(upload, data)
	f.tailEnded(upload)
}

// tailTransient keeps the tail of a transient upload no longer than its parts.
func tailTransient(f fixture) {
	data := f.parted(1)
	spec := resumable("d/file", "key", data)
	spec.Transient = true
	upload := f.beginNew(spec)
	f.writeTail(upload, 0, data[:500])
	f.hasTail(upload, 0, data[:500])
	f.continueTail(upload, data[500:600])
	f.detach(upload)
	f.hasUploads("")
	upload = f.beginNew(spec)
	f.hasNoTail(upload)
	f.finish(upload, data)
}

// tailWithoutKey has CloseTail do what Close does.
func tailWithoutKey(f fixture) {
	data := f.parted(1)
	upload := f.begin(tranship.Spec{Path: "file", Size: new(int64(len(data)))})
	for n, part := range pieces(upload, data) {
		f.writeTail(upload, n, part[:500])
		f.hasNoTail(upload)
		f.writeTail(upload, n, part)
	}
	f.commit(upload, data)
	f.has("file", data)

	// Only Commit says which part is the last.
	upload = f.begin(tranship.Spec{Path: "unknown"})
	f.writeTail(upload, 0, data[:500])
	f.commit(upload, data[:500])
	f.has("unknown", data[:500])
}

func tailOfEmpty(f fixture) {
	spec := resumable("file", "key", nil)
	upload := f.beginNew(spec)
	f.writeTail(upload, 0, nil)
	f.hasNoTail(upload)
	f.commit(upload, nil)
	f.has("file", nil)
}

// tailBytes makes a tail of each byte of a part's beginning, and reopens the upload on the way.
func tailBytes(f fixture) {
	upload, spec, data := f.tailed()
	f.writeTail(upload, 0, data[:1])
	for i := 1; i < 300; i++ {
		if i%100 == 0 {
			f.detach(upload)
			upload = f.resume(upload, spec)
		}
		f.continueTail(upload, data[i:i+1])
		f.hasTail(upload, 0, data[:i+1])
	}
	f.continueTail(upload, data[300:upload.PartSize()])
	f.finish(upload, data)
}

// tailEnded checks that an upload that has ended has no tail, and takes none.
func (f fixture) tailEnded(upload tranship.Upload) {
	f.Helper()
	keeper := ability[tranship.TailKeeper](f, upload)
	if got := keeper.Tail(); got.Length != 0 {
		f.Fatalf("an upload that has ended has a tail of %d bytes from %d", got.Length, got.Offset)
	}
	_, err := keeper.ContinuePart(f.Context())
	f.fails("ContinuePart of an upload that has ended", err, tranship.ErrAborted)
}

// tailEnds uses the upload and its writers after the epoch has ended.
func tailEnds(f fixture) {
	for name, end := range map[string]func(upload tranship.Upload, spec tranship.Spec){
		"detached": func(upload tranship.Upload, _ tranship.Spec) { f.detach(upload) },
		"resumed":  func(upload tranship.Upload, spec tranship.Spec) { f.resume(upload, spec) },
		"aborted":  func(upload tranship.Upload, _ tranship.Spec) { f.abort(upload) },
	} {
		data := f.parted(1)
		spec := resumable(name, "key", data)
		upload := f.beginNew(spec)
		f.writeTail(upload, 0, data[:500])
		rest, beside := f.continuePart(upload), f.part(upload, 1)
		f.write(rest, data[500:600])
		f.write(beside, data[:10])
		end(upload, spec)
		f.tailEnded(upload)
		for _, writer := range []tranship.PartWriter{rest, beside} {
			err := ability[tranship.TailWriter](f, writer).CloseTail()
			f.fails("CloseTail of an upload that was "+name, err, tranship.ErrAborted)
		}
		upload = f.begin(spec)
		if name == "aborted" {
			f.hasNoTail(upload)
		} else {
			f.hasTail(upload, 0, data[:500])
		}
		f.finish(upload, data)
	}
}
