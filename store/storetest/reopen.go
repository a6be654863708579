package storetest

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"testing"
	"time"

	"github.com/tranship/tranship"
)

// TestDurable tests a store that outlives its process. Each test calls open once. open
// returns an empty store, which it releases with t.Cleanup, and reopen, which closes the
// store although uploads are open, opens it again and returns it. A test may call reopen
// several times.
func TestDurable(t *testing.T, open func(t *testing.T) (store tranship.Store, reopen func() tranship.Store)) {
	runReopen(t, open, append(reopenTests(), reopenTest{"older uploads have ended", reopenEndsOlder}))
}

// TestKilled is TestDurable for a store that also outlives a kill of its process. reopen must
// not close the store or do anything else that a killed process does not do. It opens what
// the store has written so far. If the store locks that, reopen opens a copy.
func TestKilled(t *testing.T, open func(t *testing.T) (store tranship.Store, reopen func() tranship.Store)) {
	runReopen(t, open, append(reopenTests(), reopenTest{"transient uploads are gone", reopenTransient}))
}

// reopenTest is one property of a store that is opened again.
type reopenTest struct {
	name string
	run  func(f fixture, reopen func() fixture)
}

func reopenTests() []reopenTest {
	return []reopenTest{
		{"files", reopenFiles},
		{"uploads let go", func(f fixture, reopen func() fixture) { reopenUpload(f, reopen, true) }},
		{"uploads at work", func(f fixture, reopen func() fixture) { reopenUpload(f, reopen, false) }},
		{"again and again", reopenOften},
		{"a part begun again", reopenBegunAgain},
		{"what is durable stays", reopenDurable},
		{"a failed commit", reopenFailedCommit},
		{"the newer spec counts", reopenSpec},
		{"uploads without a key are gone", reopenWithoutKey},
		{"ended uploads stay ended", reopenEnded},
		{"abort by id", reopenAbort},
		{"a commit is remembered", reopenRemembered},
		{"a commit is forgotten", reopenForgotten},
		{"many uploads", reopenMany},
		{"owners", reopenOwners},
		{"state", reopenState},
		{"tails", tailReopened},
		{"a tail that is continued", tailReopenedOpen},
		{"a tail that was dropped", tailReopenedDropped},
		{"a tail that was filled", tailReopenedFilled},
	}
}

func runReopen(t *testing.T, open func(t *testing.T) (store tranship.Store, reopen func() tranship.Store), tests []reopenTest) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), stalled(t))
			defer cancel()
			store, reopen := open(t)
			f := fixture{T: t, ctx: ctx, store: store, reopens: true}
			test.run(f, func() fixture {
				f.store = reopen()
				return f
			})
		})
	}
}

func reopenFiles(f fixture, reopen func() fixture) {
	data := f.parted(1)
	attributes := tranship.Attributes{
		ModTime:  new(time.Date(2001, 2, 3, 4, 5, 6, 789_000, time.UTC)),
		Mode:     new(fs.FileMode(0o600)),
		Metadata: map[string]string{"key": "value"},
	}
	files := map[string][]byte{"d/e/put": []byte("put"), "empty": nil, "uploaded": data, "resumed": data, "copied": data}
	spec := func(path string) tranship.Spec {
		return tranship.Spec{Path: path, Attributes: attributes, Durability: tranship.DurabilityDurable}
	}
	f.putSpec(spec("d/e/put"), files["d/e/put"])
	f.putSpec(spec("empty"), nil)
	f.upload(spec("uploaded"), data)
	f.finish(f.beginNew(resumable("resumed", "key", data)), data)
	if _, err := f.store.Copy(f.Context(), "resumed", "copied", tranship.Precondition{}); err != nil {
		f.Fatalf("Copy: %v", err)
	}
	before := make(map[string]tranship.File)
	for path := range files {
		before[path] = f.stat(path)
	}
	for range 2 {
		f = reopen()
		f.lists(tranship.ListOptions{Recursive: true}, "copied", "d/e/put", "empty", "resumed", "uploaded")
		for path, data := range files {
			f.sameFile(f.has(path, data), before[path])
		}
	}
}

func reopenUpload(f fixture, reopen func() fixture, detached bool) {
	data := f.parted(1)
	spec := resumable("d/file", "key", data)
	upload := f.beginNew(spec)
	f.writeParts(upload, data, 2, 0)
	f.sync(upload)
	writer := f.part(upload, 1)
	f.write(writer, data[:1000])
	if detached {
		f.detach(upload)
	}
	before := f.uploads("")

	f = reopen()
	f.isEmpty()
	f.sameUploads(f.uploads(""), before)
	upload = f.resume(upload, spec)
	f.isDurable(upload, data, 0, 2)
	f.sameUploads(f.uploads(""), before)
	f.finish(upload, data)
	f = reopen()
	f.has("d/file", data)
	f.hasUploads("")
}

// sameUploads compares lists of uploads, except for the time of expiry.
func (f fixture) sameUploads(got, want []tranship.UploadInfo) {
	f.Helper()
	if !slices.EqualFunc(got, want, func(a, b tranship.UploadInfo) bool {
		return a.ID == b.ID && a.Path == b.Path && a.Owner == b.Owner && a.Size == b.Size && a.DurableBytes == b.DurableBytes && sameTime(a.Created, b.Created)
	}) {
		f.Fatalf("uploads differ:\n got %+v\nwant %+v", got, want)
	}
}

// reopenEndsOlder uses uploads and writers of the store that was closed. They may return any
// error, but must not change anything in the newer store.
func reopenEndsOlder(f fixture, reopen func() fixture) {
	data, stale := f.parted(1), f.parted(2)
	spec := resumable("file", "key", data)
	older := f.beginNew(spec)
	f.writeParts(older, data, 0)
	f.sync(older)
	writer := f.part(older, 1)
	f.write(writer, stale[:1000])

	f = reopen()
	upload := f.resume(older, spec)
	f.writeParts(upload, data, 1)
	use := func() {
		f.Helper()
		for range 2 {
			writer.Write(stale[:1000]) //nolint:errcheck // It may find out later.
		}
		writer.Close()
		for n, piece := range parts(older, stale) {
			if writePart(f.Context(), older, n, piece) == nil && older.Sync(f.Context()) == nil {
				f.Fatalf("part %d was written to the upload of a store that was closed", n)
			}
		}
		if file, err := commit(f.Context(), older, stale); err == nil {
			f.Fatalf("the upload of a store that was closed was committed: %+v", file)
		}
		older.Detach(f.Context()) //nolint:errcheck // Its store is closed.
		older.Abort(f.Context())  //nolint:errcheck // Its store is closed.
	}
	use()
	f.sync(upload)
	f.isDurable(upload, data, 0, 1)
	f.finish(upload, data)
	use()
	f.has("file", data)
	f.hasUploads("")
}

func reopenOften(f fixture, reopen func() fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	upload := f.beginNew(spec)
	var done []int
	for _, n := range []int{1, 2, 0} {
		f = reopen()
		f.hasUploads("", "file")
		f = reopen()
		upload = f.resume(upload, spec)
		f.isDurable(upload, data, done...)
		f.writeParts(upload, data, n)
		f.sync(upload)
		done = append(done, n)
	}
	f = reopen()
	upload = f.resume(upload, spec)
	f.isDurable(upload, data, 0, 1, 2)
	f.commit(upload, data)
	f = reopen()
	f.has("file", data)
}

func reopenBegunAgain(f fixture, reopen func() fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	upload := f.kept(spec, data, 0, 1, 2)
	all := pieces(upload, data)
	changed := slices.Concat(all[0], content(2, upload.PartSize()), all[2])

	f = reopen()
	upload = f.resume(upload, spec)
	writer := f.part(upload, 1)
	f.write(writer, pieces(upload, changed)[1][:1000])
	f.closeWriter(writer)
	f.sync(upload)
	f = reopen()
	upload = f.resume(upload, spec)
	f.isDurable(upload, changed, 0, 2)
	f.writeParts(upload, changed, 1)
	f.sync(upload)
	f = reopen()
	upload = f.resume(upload, spec)
	f.isDurable(upload, changed, 0, 1, 2)
	f.put("source", changed[:1000])
	if err := upload.CopyPart(f.Context(), 2, "source", tranship.OpenOptions{Offset: 1}); err != nil {
		f.Fatalf("CopyPart: %v", err)
	}
	changed = slices.Concat(changed[:2*upload.PartSize()], changed[1:1+len(all[2])])
	f.sync(upload)
	f.remove("source")
	f = reopen()
	upload = f.resume(upload, spec)
	f.isDurable(upload, changed, 0, 1, 2)
	f.finish(upload, changed)
}

// reopenDurable never calls Sync. A part that Durable reports at any time must still be
// there after the store was opened again.
func reopenDurable(f fixture, reopen func() fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	upload := f.beginNew(spec)
	for n := range pieces(upload, data) {
		f.writeParts(upload, data, n)
		before, err := durable(upload, data)
		if err != nil {
			f.Fatal(err)
		}
		f = reopen()
		upload = f.resume(upload, spec)
		after, err := durable(upload, data)
		if err != nil {
			f.Fatal(err)
		}
		for _, n := range before {
			if !slices.Contains(after, n) {
				f.Fatalf("durable were %v, and are %v", before, after)
			}
		}
	}
	f.finish(upload, data)
}

func reopenMany(f fixture, reopen func() fixture) {
	const many = 32
	var uploads []tranship.Upload
	for i := range many {
		data := content(byte(i), 1000)
		upload := f.beginNew(resumable(fmt.Sprintf("d%d/file", i%5), fmt.Sprint("key", i), data))
		if i%2 == 0 {
			f.writePart(upload, 0, pieces(upload, data)[0])
			f.sync(upload)
		}
		uploads = append(uploads, upload)
	}
	before := f.uploads("")
	f = reopen()
	f.sameUploads(f.uploads(""), before)
	for i := range many {
		data := content(byte(i), 1000)
		f.finish(f.resume(uploads[i], resumable(fmt.Sprintf("d%d/file", i%5), fmt.Sprint("key", i), data)), data)
	}
	f.hasUploads("")
}
