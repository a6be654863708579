package storetest

import (
	"context"
	"testing"

	"github.com/tranship/tranship"
)

// TestUploadJoiner tests the tranship.UploadJoiner of a store that several instances share. It
// fails if tranship.As finds none. Each test calls open once, for n instances of a new, empty
// store, as for TestShared, which runs these tests too.
func TestUploadJoiner(t *testing.T, open func(t *testing.T, n int) []tranship.Store) {
	for _, store := range open(t, 2) {
		claim[tranship.UploadJoiner](t, store)
	}
	runShared(t, open, joinerTests())
}

func joinerTests() []sharedTest {
	return []sharedTest{
		{"parts of both", joinedParts},
		{"the newest writer counts", joinedNewestWriter},
		{"a copied part", joinedCopyPart},
		{"leaves", joinedLeaves},
		{"let go", joinedDetached},
		{"resumed", joinedResumed},
		{"aborted", joinedAborted},
		{"committed", joinedCommitted},
		{"cannot be joined", joinedNothing},
		{"a tail", tailJoined},
	}
}

// join joins an upload that another instance has begun.
func (f fixture) join(upload tranship.Upload, spec tranship.Spec) tranship.Upload {
	f.Helper()
	joined, got, err := ability[tranship.UploadJoiner](f, f.store).JoinUpload(f.Context(), upload.ID(), upload.Epoch())
	if err != nil {
		f.Fatalf("JoinUpload: %v", err)
	}
	if joined.ID() != upload.ID() || joined.Epoch() != upload.Epoch() || joined.PartSize() != upload.PartSize() {
		f.Fatalf("joined %s in epoch %d with parts of %d bytes, want %s, %d and %d",
			joined.ID(), joined.Epoch(), joined.PartSize(), upload.ID(), upload.Epoch(), upload.PartSize())
	}
	if got.Path != spec.Path || got.Size == nil || *got.Size != *spec.Size || got.Owner != spec.Owner || got.ResumeKey != spec.ResumeKey || got.Transient != spec.Transient {
		f.Fatalf("the spec of the joined upload is %+v, want %+v", got, spec)
	}
	return joined
}

// notJoined checks the error of a JoinUpload.
func (f fixture) notJoined(id string, epoch uint64, want error) {
	f.Helper()
	_, _, err := ability[tranship.UploadJoiner](f, f.store).JoinUpload(f.Context(), id, epoch)
	f.fails("JoinUpload", err, want)
}

// endedElsewhere checks that a joined upload has no effect after its epoch has ended. A write
// itself need not fail, but then it must not become durable.
func (f fixture) endedElsewhere(joined tranship.Upload, data []byte) {
	f.Helper()
	f.abortedOrNil("writing to a joined upload whose epoch has ended", writePart(f.Context(), joined, 0, pieces(joined, data)[0]))
	f.fails("Sync of a joined upload whose epoch has ended", joined.Sync(f.Context()), tranship.ErrAborted)
	f.detach(joined)
}

// joinedParts writes parts at two instances, in turns, and with two uploads that have joined.
func joinedParts(f, other fixture) {
	data := f.parted(1)
	spec := resumable("d/file", "key", data)
	spec.Owner = "ann"
	upload := f.beginNew(spec)
	f.writeParts(upload, data, 1)
	joined, again := other.join(upload, spec), other.join(upload, spec)
	other.writeParts(joined, data, 0)
	other.writeParts(again, data, 2)
	other.sync(joined)
	other.sync(again)
	for n, of := range map[int]tranship.Upload{0: joined, 2: again} {
		numbers, err := durable(of, data)
		if err != nil {
			f.Fatal(err)
		}
		found := false
		for _, number := range numbers {
			found = found || number == n
		}
		if !found {
			f.Fatalf("the upload that wrote part %d has the durable parts %v", n, numbers)
		}
	}
	other.hasUploads("", "d/file")
	f.hasNot("d/file")
	file := f.commit(upload, data)
	other.sameFile(other.has("d/file", data), file)
	other.detach(joined)
	other.abort(again)
}

// joinedNewestWriter begins a part again at the other instance, in both directions.
func joinedNewestWriter(f, other fixture) {
	data, stale := f.parted(1), f.parted(2)
	spec := resumable("file", "key", data)
	upload := f.beginNew(spec)
	joined := other.join(upload, spec)
	for n, of := range []struct {
		older, newer tranship.Upload
		at           fixture
	}{{upload, joined, other}, {joined, upload, f}, {joined, other.join(upload, spec), other}} {
		bad := pieces(upload, stale)[n]
		writer := f.part(of.older, n)
		f.write(writer, bad[:len(bad)/2])
		of.at.writeParts(of.newer, data, n)
		of.at.sync(of.newer)
		_, err := writer.Write(bad[len(bad)/2:])
		f.abortedOrNil("Write of a writer with a newer one elsewhere", err)
		f.abortedOrNil("Close of a writer with a newer one elsewhere", writer.Close())
	}
	// The late writers must not be what counts.
	f.commit(upload, data)
	other.has("file", data)
}

func joinedCopyPart(f, other fixture) {
	if other.lacks[NoCopyPart] {
		f.Skip("the store copies no parts")
	}
	data := f.parted(1)
	f.upload(tranship.Spec{Path: "source", Size: new(int64(len(data)))}, data)
	spec := resumable("file", "key", data)
	upload := f.beginNew(spec)
	joined := other.join(upload, spec)
	other.copyPart(joined, 1, "source", tranship.OpenOptions{Offset: joined.PartSize()})
	other.sync(joined)
	f.writeParts(upload, data, 0, 2)
	f.commit(upload, data)
	other.has("file", data)
}

// joinedLeaves ends uploads that have joined. The upload goes on, with the parts that they made
// durable.
func joinedLeaves(f, other fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	upload := f.beginNew(spec)
	stays := other.join(upload, spec)
	for n, end := range []func(fixture, tranship.Upload){fixture.detach, fixture.abort} {
		joined := other.join(upload, spec)
		other.writeParts(joined, data, n)
		other.sync(joined)
		_, err := commit(f.Context(), joined, data)
		f.fails("Commit of an upload that has joined", err, tranship.ErrUnsupported)
		end(other, joined)
		f.abortedOrNil("writing to an upload that has left", writePart(f.Context(), joined, n, pieces(upload, data)[n]))
		f.fails("Sync of an upload that has left", joined.Sync(f.Context()), tranship.ErrAborted)
		end(other, joined)
	}
	other.writeParts(stays, data, 2)
	other.sync(stays)
	other.hasUploads("", "file")
	f.commit(upload, data)
	f.has("file", data)
}

func joinedDetached(f, other fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	upload := f.beginNew(spec)
	joined := other.join(upload, spec)
	other.writeParts(joined, data, 1)
	other.sync(joined)
	f.detach(upload)
	other.endedElsewhere(joined, f.parted(2))
	other.notJoined(upload.ID(), upload.Epoch(), tranship.ErrUnavailable)
	resumed := other.resume(upload, spec)
	other.isDurable(resumed, data, 1)
	other.finish(resumed, data)
}

func joinedResumed(f, other fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	upload := f.beginNew(spec)
	joined := other.join(upload, spec)
	other.writeParts(joined, data, 1)
	other.sync(joined)
	resumed := f.resume(upload, spec)
	other.endedElsewhere(joined, f.parted(2))
	other.notJoined(upload.ID(), upload.Epoch(), tranship.ErrAborted)
	f.isDurable(resumed, data, 1)
	joined = other.join(resumed, spec)
	other.writeParts(joined, data, 0)
	other.sync(joined)
	f.writeParts(resumed, data, 2)
	f.commit(resumed, data)
	other.has("file", data)
}

func joinedAborted(f, other fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	for _, abort := range []func(upload tranship.Upload){
		f.abort,
		func(upload tranship.Upload) {
			if err := other.store.AbortUpload(f.Context(), upload.ID()); err != nil {
				f.Fatalf("AbortUpload: %v", err)
			}
		},
	} {
		upload := f.beginNew(spec)
		joined := other.join(upload, spec)
		other.writeParts(joined, data, 1)
		abort(upload)
		other.endedElsewhere(joined, data)
		other.notJoined(upload.ID(), upload.Epoch(), tranship.ErrNotFound)
		other.hasUploads("")
	}
}

func joinedCommitted(f, other fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	upload := f.beginNew(spec)
	joined := other.join(upload, spec)
	f.writeParts(upload, data, 0, 1, 2)
	f.commit(upload, data)
	other.endedElsewhere(joined, f.parted(2))
	other.notJoined(upload.ID(), upload.Epoch(), tranship.ErrNotFound)
	other.has("file", data)
}

// joinedNothing joins what is not there.
func joinedNothing(f, other fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	upload := f.beginNew(spec)
	other.notJoined("unknown", 1, tranship.ErrNotFound)
	other.notJoined("", 1, tranship.ErrNotFound)
	other.notJoined(upload.ID(), upload.Epoch()+1, tranship.ErrNotFound)
	other.notJoined(f.begin(tranship.Spec{Path: "other", Size: spec.Size}).ID(), 1, tranship.ErrNotFound)
	ended, cancel := context.WithCancel(f.Context())
	cancel()
	_, _, err := ability[tranship.UploadJoiner](other, other.store).JoinUpload(ended, upload.ID(), upload.Epoch())
	f.fails("JoinUpload", err, context.Canceled)
	f.finish(upload, data)
}
