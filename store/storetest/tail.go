package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/tranship/tranship"
)

// TestTailKeeper tests the tranship.TailKeeper of the store's uploads. It fails if tranship.As
// finds none, or finds no tranship.TailWriter of their writers. Each test calls open once, as for
// Test. TestDurable, TestKilled and TestShared test the rest of what a TailKeeper promises.
func TestTailKeeper(t *testing.T, open func(t *testing.T) tranship.Store) {
	f := fixture{T: t, ctx: t.Context(), store: open(t)}
	upload := f.begin(tranship.Spec{Path: "upload", Size: new(int64(4)), ResumeKey: "key"})
	claim[tranship.TailKeeper](t, upload)
	writer := f.part(upload, 0)
	claim[tranship.TailWriter](t, writer)
	f.closeWriter(writer)
	runAll(t, open, nil, tailTests())
}

func tailTests() []test {
	return []test{
		{"goes on", tailGoesOn},
		{"goes on without detach", tailHeld},
		{"of the last part", tailOfLastPart},
		{"filled", tailFilled},
		{"a continued part, closed whole", tailClosedWhole},
		{"a continued part, closed too early", tailClosedEarly},
		{"a writer that fails", tailContextEnds},
		{"a newer writer of the rest", tailNewerWriter},
		{"a part begun again", tailDropped},
		{"copied over", tailCopiedOver},
		{"beside another part", tailBeside},
		{"of another part", tailReplaced},
		{"without a byte", tailOfNothing},
		{"too many bytes", tailTooMuch},
		{"does not count", tailIncomplete},
		{"after a commit that failed", tailFailedCommit},
		{"abort", tailAborted},
		{"transient", tailTransient},
		{"without a key", tailWithoutKey},
		{"an empty file", tailOfEmpty},
		{"byte by byte", tailBytes},
		{"ends with its epoch", tailEnds},
		{"at random", tailRandom},
		{"several at once", tailConcurrency},
	}
}

// closeTail ends a writer with CloseTail, which must succeed.
func (f fixture) closeTail(writer tranship.PartWriter) {
	f.Helper()
	if err := ability[tranship.TailWriter](f, writer).CloseTail(); err != nil {
		f.Fatalf("CloseTail: %v", err)
	}
}

// continuePart returns the writer of the rest of the part that has the tail.
func (f fixture) continuePart(upload tranship.Upload) tranship.PartWriter {
	f.Helper()
	writer, err := ability[tranship.TailKeeper](f, upload).ContinuePart(f.Context())
	if err != nil {
		f.Fatalf("ContinuePart: %v", err)
	}
	return writer
}

// writeTail writes the first bytes of a part as the tail.
func (f fixture) writeTail(upload tranship.Upload, n int, data []byte) {
	f.Helper()
	ability[tranship.TailKeeper](f, upload)
	writer := f.part(upload, n)
	f.write(writer, data)
	f.closeTail(writer)
}

// continueTail writes further bytes behind the tail, and ends the writer with CloseTail.
func (f fixture) continueTail(upload tranship.Upload, data []byte) {
	f.Helper()
	writer := f.continuePart(upload)
	f.write(writer, data)
	f.closeTail(writer)
}

// hasTail checks that the tail of an upload is data, the first bytes of part n.
func (f fixture) hasTail(upload tranship.Upload, n int, data []byte) {
	f.Helper()
	got := ability[tranship.TailKeeper](f, upload).Tail()
	want := tranship.Range{Offset: int64(n) * upload.PartSize(), Length: int64(len(data))}
	if got.Offset != want.Offset || got.Length != want.Length {
		f.Fatalf("the tail has %d bytes from %d, want %d from %d", got.Length, got.Offset, want.Length, want.Offset)
	}
	if got.CRC32C == nil || *got.CRC32C != tranship.CRC32C(data) {
		f.Fatalf("the tail of %d bytes does not have their CRC32C", got.Length)
	}
	for _, r := range upload.Durable() {
		if r.Offset == want.Offset {
			f.Fatalf("the part with the tail is durable: %v", r)
		}
	}
}

// hasNoTail checks that an upload has no tail.
func (f fixture) hasNoTail(upload tranship.Upload) {
	f.Helper()
	keeper := ability[tranship.TailKeeper](f, upload)
	if got := keeper.Tail(); got.Length != 0 {
		f.Fatalf("the tail has %d bytes from %d, want none", got.Length, got.Offset)
	}
	_, err := keeper.ContinuePart(f.Context())
	f.fails("ContinuePart without a tail", err, tranship.ErrNotFound)
}

// tailed returns content of several parts, and a resumable upload of it.
func (f fixture) tailed() (upload tranship.Upload, spec tranship.Spec, data []byte) {
	f.Helper()
	data = f.parted(1)
	spec = resumable("d/file", "key", data)
	return f.beginNew(spec), spec, data
}

// tailGoesOn cuts a part into pieces, and lets the upload go after each.
func tailGoesOn(f fixture) {
	upload, spec, data := f.tailed()
	f.hasNoTail(upload)
	parts := pieces(upload, data)
	f.writeTail(upload, 0, parts[0][:100])
	f.hasTail(upload, 0, parts[0][:100])
	for _, end := range []int{101, 333, len(parts[0]) - 1} {
		f.detach(upload)
		upload = f.resume(upload, spec)
		have := ability[tranship.TailKeeper](f, upload).Tail().Length
		f.hasTail(upload, 0, parts[0][:have])
		f.continueTail(upload, parts[0][have:end])
		f.hasTail(upload, 0, parts[0][:end])
	}
	if info := f.uploads("")[0]; info.DurableBytes != int64(len(parts[0])-1) {
		f.Fatalf("%d bytes are durable, want the %d of the tail", info.DurableBytes, len(parts[0])-1)
	}
	f.detach(upload)
	upload = f.resume(upload, spec)
	f.continueTail(upload, parts[0][len(parts[0])-1:])
	f.hasNoTail(upload)
	f.sync(upload)
	f.isDurable(upload, data, 0)
	f.isEmpty()
	f.finish(upload, data)
}

// tailHeld resumes an upload that was not detached.
func tailHeld(f fixture) {
	upload, spec, data := f.tailed()
	f.writeTail(upload, 1, pieces(upload, data)[1][:777])
	open := f.continuePart(upload)
	f.write(open, pieces(upload, data)[1][777:800])
	next := f.resume(upload, spec)
	f.hasTail(next, 1, pieces(upload, data)[1][:777])
	f.abortedOrNil("Write of a writer that the next epoch has ended", write(open, data[:1]))
	if err := ability[tranship.TailWriter](f, open).CloseTail(); !errors.Is(err, tranship.ErrAborted) {
		f.Fatalf("CloseTail of a writer that the next epoch has ended is %v, want ErrAborted", err)
	}
	f.hasTail(next, 1, pieces(upload, data)[1][:777])
	f.continueTail(next, pieces(upload, data)[1][777:])
	f.finish(next, data)
}

func tailOfLastPart(f fixture) {
	upload, spec, data := f.tailed()
	last := pieces(upload, data)[2]
	f.writeTail(upload, 2, last[:len(last)-1])
	f.detach(upload)
	upload = f.resume(upload, spec)
	f.hasTail(upload, 2, last[:len(last)-1])
	f.continueTail(upload, last[len(last)-1:])
	f.hasNoTail(upload)
	f.finish(upload, data)
}

// tailFilled ends writers with CloseTail although their part is whole.
func tailFilled(f fixture) {
	upload, spec, data := f.tailed()
	for n, part := range pieces(upload, data) {
		f.writeTail(upload, n, part)
		f.hasNoTail(upload)
	}
	f.sync(upload)
	f.isDurable(upload, data, 0, 1, 2)
	f.detach(upload)
	upload = f.resume(upload, spec)
	f.hasNoTail(upload)
	f.isDurable(upload, data, 0, 1, 2)
	f.commit(upload, data)
	f.has("d/file", data)
}

func tailClosedWhole(f fixture) {
	upload, _, data := f.tailed()
	first := pieces(upload, data)[0]
	f.writeTail(upload, 0, first[:500])
	writer := f.continuePart(upload)
	f.write(writer, first[500:])
	f.closeWriter(writer)
	f.hasNoTail(upload)
	f.sync(upload)
	f.isDurable(upload, data, 0)
	f.finish(upload, data)
}

// tailClosedEarly ends a writer with Close before its part is whole: what it wrote is dropped.
func tailClosedEarly(f fixture) {
	upload, spec, data := f.tailed()
	first, stale := pieces(upload, data)[0], content(2, upload.PartSize())
	f.writeTail(upload, 0, first[:500])
	for range 2 {
		writer := f.continuePart(upload)
		f.write(writer, stale[:400])
		f.closeWriter(writer)
		f.hasTail(upload, 0, first[:500])
	}
	f.detach(upload)
	upload = f.resume(upload, spec)
	f.hasTail(upload, 0, first[:500])
	f.continueTail(upload, first[500:])
	f.finish(upload, data)
}

func tailContextEnds(f fixture) {
	upload, spec, data := f.tailed()
	first, stale := pieces(upload, data)[0], content(2, upload.PartSize())
	f.writeTail(upload, 0, first[:500])
	ctx, cancel := context.WithCancel(f.Context())
	writer, err := ability[tranship.TailKeeper](f, upload).ContinuePart(ctx)
	if err != nil {
		f.Fatalf("ContinuePart: %v", err)
	}
	f.write(writer, stale[:300])
	cancel()
	err = ability[tranship.TailWriter](f, writer).CloseTail()
	f.fails("CloseTail after the end of the context", err, context.Canceled)
	f.hasTail(upload, 0, first[:500])
	_, err = ability[tranship.TailKeeper](f, upload).ContinuePart(ctx)
	f.fails("ContinuePart after the end of the context", err, context.Canceled)

	f.detach(upload)
	upload = f.resume(upload, spec)
	f.hasTail(upload, 0, first[:500])
	f.continueTail(upload, first[500:])
	f.finish(upload, data)
}

// tailNewerWriter continues the tail twice: the newer writer ends the older one, and begins
// behind the tail, too.
func tailNewerWriter(f fixture) {
	upload, _, data := f.tailed()
	first, stale := pieces(upload, data)[0], content(2, upload.PartSize())
	f.writeTail(upload, 0, first[:500])
	older := f.continuePart(upload)
	f.write(older, stale[:300])
	newer := f.continuePart(upload)
	f.fails("Write of the older writer", write(older, stale[:1]), tranship.ErrAborted)
	err := ability[tranship.TailWriter](f, older).CloseTail()
	f.fails("CloseTail of the older writer", err, tranship.ErrAborted)
	f.hasTail(upload, 0, first[:500])
	f.write(newer, first[500:700])
	f.closeTail(newer)
	if err := ability[tranship.TailWriter](f, newer).CloseTail(); err != nil {
		f.Fatalf("CloseTail again: %v", err)
	}
	f.hasTail(upload, 0, first[:700])
	f.continueTail(upload, first[700:])
	f.finish(upload, data)
}
