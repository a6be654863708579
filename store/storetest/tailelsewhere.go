package storetest

import "github.com/tranship/tranship"

// tailReopened opens the store again between pieces that end at any byte, without a Detach.
func tailReopened(f fixture, reopen func() fixture) {
	upload, spec, data := f.tailed()
	parts := pieces(upload, data)
	f.writeTail(upload, 1, parts[1][:1])
	for _, end := range []int{2, 500, len(parts[1]) - 1} {
		before := f.uploads("")
		f = reopen()
		f.sameUploads(f.uploads(""), before)
		upload = f.resume(upload, spec)
		have := ability[tranship.TailKeeper](f, upload).Tail().Length
		f.hasTail(upload, 1, parts[1][:have])
		f.continueTail(upload, parts[1][have:end])
		f.hasTail(upload, 1, parts[1][:end])
	}
	f.writeParts(upload, data, 0)
	f.sync(upload)
	f.detach(upload)
	f = reopen()
	upload = f.resume(upload, spec)
	f.isDurable(upload, data, 0)
	f.hasTail(upload, 1, parts[1][:len(parts[1])-1])
	f.continueTail(upload, parts[1][len(parts[1])-1:])
	f.sync(upload)
	f = reopen()
	upload = f.resume(upload, spec)
	f.hasNoTail(upload)
	f.isDurable(upload, data, 0, 1)
	f.finish(upload, data)
}

// tailReopenedOpen opens the store again while a writer continues the tail: the tail stays.
func tailReopenedOpen(f fixture, reopen func() fixture) {
	upload, spec, data := f.tailed()
	parts := pieces(upload, data)
	f.writeTail(upload, 0, parts[0][:500])
	f.write(f.continuePart(upload), content(2, 400))
	f = reopen()
	upload = f.resume(upload, spec)
	f.hasTail(upload, 0, parts[0][:500])
	f.continueTail(upload, parts[0][500:700])
	f = reopen()
	upload = f.resume(upload, spec)
	f.hasTail(upload, 0, parts[0][:700])
	f.continueTail(upload, parts[0][700:])
	f.finish(upload, data)
}

// tailReopenedDropped opens the store again after the tail was dropped, replaced or aborted.
func tailReopenedDropped(f fixture, reopen func() fixture) {
	upload, spec, data := f.tailed()
	parts := pieces(upload, data)
	f.writeTail(upload, 0, content(2, 500))
	f.part(upload, 0)
	f = reopen()
	upload = f.resume(upload, spec)
	f.hasNoTail(upload)

	f.writeTail(upload, 0, content(2, 500))
	f.writeTail(upload, 1, parts[1][:300])
	f = reopen()
	upload = f.resume(upload, spec)
	f.hasTail(upload, 1, parts[1][:300])

	f.abort(upload)
	f = reopen()
	upload = f.beginNew(spec)
	f.hasNoTail(upload)
	f.finish(upload, data)
}

// tailReopenedFilled opens the store again after a part that had a tail was filled and the next one
// got a tail, without Sync: nothing of the first one may be lost.
func tailReopenedFilled(f fixture, reopen func() fixture) {
	upload, spec, data := f.tailed()
	parts := pieces(upload, data)
	f.writeTail(upload, 0, parts[0][:500])
	f.continueTail(upload, parts[0][500:])
	f.writeTail(upload, 1, parts[1][:300])
	f.isDurable(upload, data, 0)
	f = reopen()
	upload = f.resume(upload, spec)
	f.isDurable(upload, data, 0)
	f.hasTail(upload, 1, parts[1][:300])
	f.continueTail(upload, parts[1][300:])
	f.finish(upload, data)
}

// tailFilledElsewhere resumes an upload at another instance after a part that had a tail was filled
// and the next one got a tail, without Sync or Detach.
func tailFilledElsewhere(f, other fixture) {
	upload, spec, data := f.tailed()
	parts := pieces(upload, data)
	f.writeTail(upload, 0, parts[0][:500])
	f.continueTail(upload, parts[0][500:])
	f.writeTail(upload, 1, parts[1][:300])
	next := other.resume(upload, spec)
	other.isDurable(next, data, 0)
	other.hasTail(next, 1, parts[1][:300])
	other.continueTail(next, parts[1][300:])
	other.finish(next, data)
}

// tailElsewhere continues an upload at two instances in turns.
func tailElsewhere(f, other fixture) {
	upload, spec, data := f.tailed()
	parts := pieces(upload, data)
	f.writeTail(upload, 0, parts[0][:1])
	at, next := other, f
	for _, end := range []int{2, 300, 700, len(parts[0]) - 1} {
		older := upload
		upload = at.resume(older, spec)
		have := ability[tranship.TailKeeper](at, upload).Tail().Length
		at.hasTail(upload, 0, parts[0][:have])
		at.continueTail(upload, parts[0][have:end])
		next.detach(older)
		at, next = next, at
	}
	f.hasUploads("", "d/file")
	upload = at.resume(upload, spec)
	at.hasTail(upload, 0, parts[0][:len(parts[0])-1])
	at.continueTail(upload, parts[0][len(parts[0])-1:])
	at.commit(finishParts(at, upload, data), data)
	next.has("d/file", data)
}

// finishParts writes the parts that are not durable.
func finishParts(f fixture, upload tranship.Upload, data []byte) tranship.Upload {
	f.Helper()
	f.sync(upload)
	for n := range pieces(upload, data) {
		if !contains(f, upload, data, n) {
			f.writeParts(upload, data, n)
		}
	}
	return upload
}

// tailOvertaken has an older server end its writer after another one has resumed the upload: the
// tail of the newer epoch stays.
func tailOvertaken(f, other fixture) {
	upload, spec, data := f.tailed()
	parts := pieces(upload, data)
	f.writeTail(upload, 0, parts[0][:100])
	late, beside := f.continuePart(upload), f.part(upload, 1)
	f.abortedOrNil("Write", write(late, content(2, 50)))
	f.abortedOrNil("Write", write(beside, content(2, 50)))
	next := other.resume(upload, spec)
	other.continueTail(next, parts[0][100:200])
	for _, writer := range []tranship.PartWriter{late, beside} {
		err := ability[tranship.TailWriter](f, writer).CloseTail()
		f.fails("CloseTail of an upload that another instance has resumed", err, tranship.ErrAborted)
	}
	other.hasTail(next, 0, parts[0][:200])
	again := f.resume(next, spec)
	f.hasTail(again, 0, parts[0][:200])
	f.continueTail(again, parts[0][200:])
	f.finish(again, data)
}

// tailJoined joins an upload that has a tail, and continues it there.
func tailJoined(f, other fixture) {
	upload, spec, data := f.tailed()
	parts := pieces(upload, data)
	f.writeTail(upload, 0, parts[0][:100])
	ability[tranship.UploadJoiner](other, other.store)
	joined := other.join(upload, spec)
	other.hasTail(joined, 0, parts[0][:100])
	other.continueTail(joined, parts[0][100:200])
	other.hasTail(joined, 0, parts[0][:200])
	other.detach(joined)
	again := f.resume(upload, spec)
	f.hasTail(again, 0, parts[0][:200])
	joined = other.join(again, spec)
	other.continueTail(joined, parts[0][200:])
	other.hasNoTail(joined)
	other.sync(joined)
	other.isDurable(joined, data, 0)
	other.detach(joined)
	f.writeParts(again, data, 1, 2)
	f.commit(again, data)
	other.has("d/file", data)
}
