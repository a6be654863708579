package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/tranship/tranship"
)

// agreedTests are about what stores have done differently once.
func agreedTests() []test {
	return []test{
		{"a copy of a part that fails is told once", failedCopyIsTold},
		{"a copy of a part that fails leaves what is there", failedCopyLeaves},
		{"a copy of a part that fails in a resumable upload", failedCopyResumable},
		{"the context of a part that is closed", contextAfterClose},
		{"the context of a part that is open", contextBeforeClose},
		{"a part that begins at the end", partAtTheEnd},
		{"more than one precondition", severalPreconditions},
		{"a remembered commit whose file is gone", rememberedIsGone},
		{"times of all years", timesOfAllYears},
		{"times that are none", timesThatAreNone},
	}
}

// failingCopies are reasons for which CopyPart fails: the source has 10 bytes.
func failingCopies() map[string]struct {
	source  string
	options tranship.OpenOptions
	want    error
} {
	return map[string]struct {
		source  string
		options tranship.OpenOptions
		want    error
	}{
		"missing":       {"missing", tranship.OpenOptions{}, tranship.ErrNotFound},
		"other version": {"source", tranship.OpenOptions{Version: "no-such"}, tranship.ErrPrecondition},
		"too short":     {"source", tranship.OpenOptions{}, tranship.ErrInvalid},
		"bad offset":    {"source", tranship.OpenOptions{Offset: -1}, tranship.ErrInvalid},
	}
}

// failedCopyIsTold fills the part after the copy has failed.
func failedCopyIsTold(f fixture) {
	f.needs(NoCopyPart)
	f.put("source", content(2, 10))
	data := content(1, 1000)
	for name, failing := range failingCopies() {
		upload := f.begin(tranship.Spec{Path: "file", Size: new(int64(1000))})
		f.fails("CopyPart: "+name, upload.CopyPart(f.Context(), 0, failing.source, failing.options), failing.want)
		f.writePart(upload, 0, data)
		f.commit(upload, data)
		f.has("file", data)

		upload = f.begin(tranship.Spec{Path: "file", Size: new(int64(1000))})
		f.fails("CopyPart: "+name, upload.CopyPart(f.Context(), 0, failing.source, failing.options), failing.want)
		f.fails("CopyPart: "+name, upload.CopyPart(f.Context(), 0, failing.source, failing.options), failing.want)
		_, err := commit(f.Context(), upload, data)
		if _, ok := errors.AsType[*tranship.IncompleteError](err); !ok {
			f.Fatalf("Commit after a copy that failed (%s) is %v, want an *IncompleteError", name, err)
		}
	}
}

// failedCopyLeaves fills the part before the copy fails.
func failedCopyLeaves(f fixture) {
	f.needs(NoCopyPart)
	f.put("source", content(2, 10))
	data := content(1, 1000)
	for name, failing := range failingCopies() {
		upload := f.begin(tranship.Spec{Path: "file", Size: new(int64(1000))})
		f.writePart(upload, 0, data)
		f.fails("CopyPart: "+name, upload.CopyPart(f.Context(), 0, failing.source, failing.options), failing.want)
		f.commit(upload, data)
		f.has("file", data)
	}
}

func failedCopyResumable(f fixture) {
	f.needs(NoCopyPart, NoResume)
	f.put("source", content(2, 10))
	data := f.parted(1)
	upload := f.beginNew(resumable("file", "key", data))
	for n, piece := range parts(upload, data) {
		f.fails("CopyPart", upload.CopyPart(f.Context(), n, "missing", tranship.OpenOptions{}), tranship.ErrNotFound)
		f.writePart(upload, n, piece)
	}
	f.fails("CopyPart", upload.CopyPart(f.Context(), 0, "missing", tranship.OpenOptions{}), tranship.ErrNotFound)
	f.sync(upload)
	f.commit(upload, data)
	f.has("file", data)
}

// contextAfterClose ends the context of each part once its writer is closed.
func contextAfterClose(f fixture) {
	data := f.parted(1)
	for _, spec := range []tranship.Spec{{Path: "file", Size: new(int64(len(data)))}, resumable("file", "key", data)} {
		upload := f.begin(spec)
		for n, piece := range parts(upload, data) {
			ctx, cancel := context.WithCancel(f.Context())
			if err := writePart(ctx, upload, n, piece); err != nil {
				f.Fatalf("writing part %d: %v", n, err)
			}
			cancel()
		}
		f.commit(upload, data)
		f.has("file", data)
	}
}

// contextBeforeClose ends the context of a part after a Write that was good.
func contextBeforeClose(f fixture) {
	data := content(1, 1000)
	opened := func() (tranship.Upload, tranship.PartWriter) {
		upload := f.begin(tranship.Spec{Path: "file", Size: new(int64(1000))})
		ctx, cancel := context.WithCancel(f.Context())
		defer cancel()
		writer, err := upload.Part(ctx, 0)
		if err != nil {
			f.Fatalf("Part: %v", err)
		}
		f.write(writer, data[:400])
		return upload, writer
	}
	upload, writer := opened()
	_, err := writer.Write(data[400:])
	f.fails("Write after the context ended", err, context.Canceled)
	f.fails("Close after the context ended", writer.Close(), context.Canceled)
	f.writePart(upload, 0, data)
	f.commit(upload, data)
	f.has("file", data)
	f.remove("file")

	upload, writer = opened()
	f.fails("Close after the context ended", writer.Close(), context.Canceled)
	_, err = commit(f.Context(), upload, data)
	if _, ok := errors.AsType[*tranship.IncompleteError](err); !ok {
		f.Fatalf("Commit without a part that could not be closed is %v, want an *IncompleteError", err)
	}
	f.isEmpty()
}

// partAtTheEnd begins a part behind the last of an upload whose parts are all whole.
func partAtTheEnd(f fixture) {
	length := f.partSize(2) // one part, unless those of another size are longer
	for _, size := range []int64{0, 1, length, 2 * length} {
		upload := f.begin(tranship.Spec{Path: "file", Size: &size})
		end := max(1, int((size+upload.PartSize()-1)/upload.PartSize()))
		_, err := upload.Part(f.Context(), end)
		f.invalid("Part at the end of the size", err)
		if !f.lacks[NoCopyPart] {
			f.invalid("CopyPart at the end of the size", upload.CopyPart(f.Context(), end, "missing", tranship.OpenOptions{}))
		}
		f.abort(upload)
	}
}

func severalPreconditions(f fixture) {
	file := f.put("file", []byte("file"))
	for name, precondition := range map[string]tranship.Precondition{
		"no file and a version":    {MustNotExist: true, MustMatchVersion: file.Version},
		"no file and a revision":   {MustNotExist: true, MustMatchRevision: file.Revision()},
		"a version and a revision": {MustMatchVersion: file.Version, MustMatchRevision: file.Revision()},
		"all":                      {MustNotExist: true, MustMatchVersion: file.Version, MustMatchRevision: file.Revision()},
	} {
		f.refusesPrecondition(name, precondition)
		for method, transplant := range f.transplants() {
			_, err := transplant("file", "other", precondition)
			f.invalid(method+" with "+name, err)
		}
	}
	f.sameFile(f.has("file", []byte("file")), file)
	f.lists(tranship.ListOptions{}, "file")
}

// rememberedIsGone takes away the file of a commit while an upload has it open again.
func rememberedIsGone(f fixture) {
	f.needs(NoResume, NoMove)
	data := f.parted(1)
	spec := resumable("file", "key", data)
	for name, change := range map[string]func() error{
		"removed": func() error { return f.store.Remove(f.Context(), "file", tranship.Precondition{}) },
		"moved": func() error {
			_, err := f.store.Move(f.Context(), "file", "elsewhere", tranship.Precondition{})
			return err
		},
		"replaced": func() error {
			_, err := f.store.Put(f.Context(), tranship.Spec{Path: "file"}, []byte("another"))
			return err
		},
	} {
		older, _ := f.committed(spec, data)
		upload := f.recall(older, spec, data)
		if err := change(); err != nil {
			f.Fatalf("the file could not be %s: %v", name, err)
		}
		_, err := commit(f.Context(), upload, data)
		f.fails("Commit of a file that was "+name, err, tranship.ErrPrecondition)
		f.detach(upload)
	}
}

// timesOfAllYears sets times in every way. A store may refuse one, and must not keep another.
func timesOfAllYears(f fixture) {
	for _, year := range []int{1, 1500, 1677, 1678, 1900, 1901, 1902, 1969, 1970, 2038, 2039, 2106, 2107, 2262, 2263, 2446, 2447, 9999} {
		modified := time.Date(year, 6, 7, 8, 9, 10, 11000, time.UTC)
		attributes := tranship.Attributes{ModTime: &modified}
		check := func(what string, file tranship.File, err error) {
			f.Helper()
			if err != nil {
				f.invalid(what+" with a time of "+modified.Format(time.RFC3339), err)
				return
			}
			if !sameTime(file.ModTime, modified) {
				f.Fatalf("%s with the time %s made it %s", what, modified, file.ModTime)
			}
			f.sameFile(f.has(file.Path, []byte("data")), file)
			for entry, err := range f.store.List(f.Context(), tranship.ListOptions{}) {
				if err != nil {
					f.Fatalf("List: %v", err)
				}
				if entry.Path == file.Path {
					f.sameFile(entry.File, file)
				}
			}
		}
		file, err := f.store.Put(f.Context(), tranship.Spec{Path: "put", Attributes: attributes}, []byte("data"))
		check("Put", file, err)
		if err == nil {
			for method, transplant := range f.transplants() {
				f.putSpec(tranship.Spec{Path: "put", Attributes: attributes}, []byte("data"))
				file, err = transplant("put", "to", tranship.Precondition{})
				check(method, file, err)
			}
		}
		set := f.put("set", []byte("data"))
		file, err = f.store.SetAttributes(f.Context(), "set", attributes, tranship.Precondition{})
		check("SetAttributes", file, err)
		if err == nil && file.Version != set.Version {
			f.Fatalf("SetAttributes changed the version")
		}
		upload := f.begin(tranship.Spec{Path: "committed"})
		f.writePart(upload, 0, []byte("data"))
		file, err = upload.Commit(f.Context(), tranship.Commit{Size: 4, Attributes: attributes})
		check("Commit", file, err)
		spec := resumable("resumable", modified.String(), []byte("data")) // not the commit that is remembered
		spec.Attributes = attributes
		resumed, err := f.store.Begin(f.Context(), spec)
		if err == nil {
			f.cleanUp(resumed)
			f.writePart(resumed, 0, []byte("data"))
			file, err = commit(f.Context(), resumed, []byte("data"))
		}
		check("a resumable upload", file, err)
	}
}

func timesThatAreNone(f fixture) {
	kept := f.put("kept", []byte("kept"))
	for _, modified := range []time.Time{
		time.Date(0, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Unix(1<<62, 0), time.Unix(-1<<62, 0),
	} {
		attributes := tranship.Attributes{ModTime: &modified}
		_, err := f.store.Put(f.Context(), tranship.Spec{Path: "new", Attributes: attributes}, nil)
		f.invalid("Put", err)
		_, err = f.store.Begin(f.Context(), tranship.Spec{Path: "new", Attributes: attributes})
		f.invalid("Begin", err)
		_, err = f.store.SetAttributes(f.Context(), "kept", attributes, tranship.Precondition{})
		f.invalid("SetAttributes", err)
	}
	f.lists(tranship.ListOptions{}, "kept")
	f.sameFile(f.has("kept", []byte("kept")), kept)
}
