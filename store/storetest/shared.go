package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/tranship/tranship"
)

// TestShared tests a store that several instances share at the same time, as several servers
// share one database. A change that one instance has made is visible to the others at once,
// and preconditions and uploads hold across instances. Each test calls open once, for n
// instances of a new, empty store, which open releases with t.Cleanup. The instances must
// share no memory but that of the engine below them, as those of different processes.
func TestShared(t *testing.T, open func(t *testing.T, n int) []tranship.Store) {
	runShared(t, open, []sharedTest{
		{"files", sharedFiles},
		{"uploads are listed elsewhere", sharedUploads},
		{"resumed elsewhere", sharedResume},
		{"ends the older upload", sharedEndsOlder},
		{"abort", sharedAbort},
		{"a commit is remembered", sharedRemembers},
		{"must not exist", sharedMustNotExist},
		{"must match version", sharedMustMatch},
		{"attributes that come back", sharedAttributes},
		{"begin races", sharedBegins},
		{"tails in turns", tailElsewhere},
		{"a tail of an older server", tailOvertaken},
		{"a tail that was filled", tailFilledElsewhere},
	})
	runShared(t, open, joinerTests())
}

// sharedTest is one property of two instances of a store.
type sharedTest struct {
	name string
	run  func(f, other fixture)
}

func runShared(t *testing.T, open func(t *testing.T, n int) []tranship.Store, tests []sharedTest) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), stalled(t))
			defer cancel()
			stores := open(t, 2)
			if len(stores) != 2 {
				t.Fatalf("open returned %d instances, want 2", len(stores))
			}
			f := fixture{T: t, ctx: ctx, store: stores[0]}
			other := f
			other.store = stores[1]
			test.run(f, other)
		})
	}
}

// sharedFiles changes files at one instance and looks at another.
func sharedFiles(f, other fixture) {
	data := content(1, 1000)
	file := f.put("d/file", data)
	other.sameFile(other.has("d/file", data), file)
	other.lists(tranship.ListOptions{}, "d/")
	replaced := other.put("d/file", []byte("replaced"))
	f.sameFile(f.has("d/file", []byte("replaced")), replaced)
	uploaded := f.upload(tranship.Spec{Path: "uploaded"}, data)
	other.sameFile(other.has("uploaded", data), uploaded)
	f.moveFile("uploaded", "d/moved")
	other.lists(tranship.ListOptions{Recursive: true}, "d/file", "d/moved")
	other.remove("d/file")
	f.hasNot("d/file")
	other.remove("d/moved")
	f.isEmpty()
	f.put("d", []byte("nothing is in the way"))
	other.has("d", []byte("nothing is in the way"))
}

func sharedUploads(f, other fixture) {
	data := f.parted(1)
	upload := f.beginNew(resumable("d/file", "key", data))
	f.writeParts(upload, data, 1)
	f.sync(upload)
	other.hasUploads("d", "d/file")
	other.sameUploads(other.uploads(""), f.uploads(""))
	f.finish(upload, data)
	other.hasUploads("")
	other.has("d/file", data)
}

func sharedResume(f, other fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	upload := f.kept(spec, data, 1)
	for i, n := range []int{0, 2} { // in turns
		at := []fixture{other, f}[i]
		upload = at.resume(upload, spec)
		at.writeParts(upload, data, n)
		at.sync(upload)
		at.detach(upload)
	}
	upload = other.resume(upload, spec)
	other.isDurable(upload, data, 0, 1, 2)
	other.commit(upload, data)
	f.has("file", data)
}

// sharedEndsOlder goes on with an upload that was resumed at another instance.
func sharedEndsOlder(f, other fixture) {
	data, stale := f.parted(1), f.parted(2)
	spec := resumable("file", "key", data)
	older := f.beginNew(spec)
	f.writeParts(older, data, 0)
	f.sync(older)
	writer := f.part(older, 1)
	f.write(writer, stale[:1000])

	upload := other.resume(older, spec)
	other.isDurable(upload, data, 0)
	f.lateWrite(writer)
	f.abortedOrNil("Close of a writer that was ended elsewhere", writer.Close())
	for n, piece := range parts(older, stale) {
		if writePart(f.Context(), older, n, piece) == nil && older.Sync(f.Context()) == nil {
			f.Fatalf("part %d was written to an upload that was resumed elsewhere", n)
		}
	}
	_, err := commit(f.Context(), older, stale)
	f.endedError("Commit of an upload that was resumed elsewhere", err)
	f.detach(older)
	f.abort(older)
	other.isDurable(upload, data, 0)
	other.finish(upload, data)
	f.has("file", data)
}

func sharedAbort(f, other fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	upload := f.beginNew(spec)
	f.writeParts(upload, data, 0)
	f.sync(upload)
	if err := other.store.AbortUpload(other.Context(), upload.ID()); err != nil {
		f.Fatalf("AbortUpload elsewhere: %v", err)
	}
	f.endedOf(upload, data)
	f.hasUploads("")
	other.finish(other.beginNew(spec), data)
}

func sharedRemembers(f, other fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	upload, file := f.committed(spec, data)
	again := other.recall(upload, spec, data)
	other.sameFile(other.commit(again, data), file)
	f.sameFile(f.has("file", data), file)
}

func sharedMustNotExist(f, other fixture) {
	stores := []tranship.Store{f.store, other.store}
	for round := range 10 {
		path := fmt.Sprintf("d%d/file", round)
		errs := together(racers, func(i int) error {
			_, err := stores[i%2].Put(f.Context(), tranship.Spec{Path: path, Precondition: mustNotExist()}, content(byte(i), 1000))
			return err
		})
		winner := content(byte(f.onlyWinner(errs, tranship.ErrExists)), 1000)
		f.has(path, winner)
		other.has(path, winner)
	}
}

func sharedMustMatch(f, other fixture) {
	stores := []tranship.Store{f.store, other.store}
	file := f.put("file", []byte("first"))
	for range 10 {
		errs := together(racers, func(i int) error {
			_, err := stores[i%2].Put(f.Context(), tranship.Spec{Path: "file", Precondition: mustMatch(file.Version)}, content(byte(i), 100))
			return err
		})
		file = other.has("file", content(byte(f.onlyWinner(errs, tranship.ErrPrecondition)), 100))
	}
}

// sharedAttributes changes the attributes of a file by their revision, at both instances at once.
// After each round they are what they were before, and so is the revision: an engine that tells
// its own versions by the content must not let two changes pass.
func sharedAttributes(f, other fixture) {
	stores := []tranship.Store{f.store, other.store}
	set := func(at tranship.Store, value string, precondition tranship.Precondition) (tranship.File, error) {
		return at.SetAttributes(f.Context(), "file", tranship.Attributes{Metadata: map[string]string{"key": value}}, precondition)
	}
	f.put("file", []byte("data"))
	first, err := set(f.store, "first", tranship.Precondition{})
	if err != nil {
		f.Fatalf("SetAttributes: %v", err)
	}
	for round := range 10 {
		files := make([]tranship.File, racers)
		errs := together(racers, func(i int) (err error) {
			// Half of the changes are alike, too.
			files[i], err = set(stores[i%2], fmt.Sprint("changed by ", i/2), mustMatchRevision(first.Revision()))
			return err
		})
		if errors.Is(errs[0], tranship.ErrUnsupported) {
			f.Skip("the store does not decide by revisions")
		}
		changed := files[f.onlyWinner(errs, tranship.ErrPrecondition)]
		for _, at := range []fixture{f, other} {
			at.sameFile(at.stat("file"), changed)
		}
		again, err := set(stores[round%2], "first", mustMatchRevision(changed.Revision()))
		if err != nil || again.Revision() != first.Revision() {
			f.Fatalf("setting the first attributes again makes revision %s, %v; want %s", again.Revision(), err, first.Revision())
		}
	}
}

// sharedBegins resumes one upload at both instances at once. No two uploads have the same
// epoch, and only the one with the highest works.
func sharedBegins(f, other fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	f.kept(spec, data, 1)
	stores := []tranship.Store{f.store, other.store}
	uploads := make([]tranship.Upload, racers)
	errs := together(racers, func(i int) (err error) {
		uploads[i], err = stores[i%2].Begin(f.Context(), spec)
		return err
	})
	if err := errors.Join(errs...); err != nil {
		f.Fatalf("Begin beside others: %v", err)
	}
	newest, epochs := uploads[0], map[uint64]bool{}
	for _, upload := range uploads {
		if epochs[upload.Epoch()] {
			f.Fatalf("two uploads have epoch %d", upload.Epoch())
		}
		if epochs[upload.Epoch()] = true; upload.Epoch() > newest.Epoch() {
			newest = upload
		}
	}
	for _, upload := range uploads {
		if upload != newest {
			f.overtaken(upload, data)
		}
	}
	f.isDurable(newest, data, 1)
	f.finish(newest, data)
	other.has("file", data)
}
