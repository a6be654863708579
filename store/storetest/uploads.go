package storetest

import (
	"context"
	"slices"
	"time"

	"github.com/tranship/tranship"
)

func uploadsTests() []test {
	return []test{
		{"order", uploadsOrder},
		{"directory", uploadsDirectory},
		{"what they tell", uploadsTell},
		{"only unfinished ones", uploadsUnfinished},
		{"only those with a key", uploadsWithKey},
		{"abort", uploadsAbort},
		{"abort of one resumed since", uploadsAbortResumed},
		{"none with this id", uploadsNoSuch},
		{"stopped early", uploadsStopped},
		{"context", uploadsContext},
	}
}

// uploads lists the unfinished uploads, which must be in order.
func (f fixture) uploads(directory string) []tranship.UploadInfo {
	f.Helper()
	var all []tranship.UploadInfo
	for info, err := range f.store.ListUploads(f.Context(), directory) {
		if err != nil {
			f.Fatalf("ListUploads(%q): %v", directory, err)
		}
		if last := len(all) - 1; last >= 0 && (all[last].Path > info.Path || all[last].Path == info.Path && all[last].ID >= info.ID) {
			f.Fatalf("ListUploads(%q) has %s %s after %s %s", directory, info.Path, info.ID, all[last].Path, all[last].ID)
		}
		all = append(all, info)
	}
	for _, info := range all {
		found, err := tranship.FindUpload(f.Context(), f.store, info.ID)
		if err != nil || found.ID != info.ID || found.Path != info.Path || found.Owner != info.Owner || found.Size != info.Size {
			f.Fatalf("FindUpload(%s) has %+v, %v, want %+v", info.ID, found, err, info)
		}
	}
	return all
}

// hasUploads checks the paths of the unfinished uploads below a directory.
func (f fixture) hasUploads(directory string, want ...string) {
	f.Helper()
	var got []string
	for _, info := range f.uploads(directory) {
		got = append(got, info.Path)
	}
	if !slices.Equal(got, want) {
		f.Fatalf("ListUploads(%q) has the paths %q, want %q", directory, got, want)
	}
}

func uploadsOrder(f fixture) {
	f.hasUploads("")
	paths := []string{"b", "a/x", "a.b", "A", "a/x", "a-b", "é", "a/x/y", "日", "a/x", "😀", "a\u00a0b"}
	for i, path := range paths {
		upload := f.beginNew(resumable(path, string(rune('0'+i)), []byte("data")))
		if i%2 == 0 {
			f.detach(upload)
		}
	}
	slices.Sort(paths)
	f.hasUploads("", paths...)
	f.isEmpty()
}

func uploadsDirectory(f fixture) {
	for _, path := range []string{"a", "a/b", "a/b/c", "ab", "a/bc", "a.", "b"} {
		f.beginNew(resumable(path, "key", []byte("data")))
	}
	f.hasUploads("", "a", "a.", "a/b", "a/b/c", "a/bc", "ab", "b")
	f.hasUploads("a", "a", "a/b", "a/b/c", "a/bc")
	f.hasUploads("a/b", "a/b", "a/b/c")
	f.hasUploads("a/b/c", "a/b/c")
	f.hasUploads("b", "b")
	f.hasUploads("c")
	f.hasUploads("a/b/c/d")
	for _, directory := range []string{"/", "a/", "../a", "a//b", "a\x00", "\xff"} {
		yielded := 0
		for _, err := range f.store.ListUploads(f.Context(), directory) {
			f.invalid("ListUploads", err)
			yielded++
		}
		if yielded != 1 {
			f.Fatalf("ListUploads(%q) yielded %d times, want one error", directory, yielded)
		}
	}
}

func uploadsTell(f fixture) {
	const tolerance = time.Minute // the store's clock may be another than ours
	data := f.parted(1)
	size := int64(len(data))
	spec := resumable("d/file", "key", data)
	upload := f.beginNew(spec)
	tells := func(durable int64) tranship.UploadInfo {
		f.Helper()
		all := f.uploads("")
		if len(all) != 1 {
			f.Fatalf("ListUploads has %+v, want one", all)
		}
		info := all[0]
		if info.ID != upload.ID() || info.Path != "d/file" || info.Size != size || info.DurableBytes != durable {
			f.Fatalf("ListUploads has %+v, want id %q, path %q, size %d, %d of it durable", info, upload.ID(), "d/file", size, durable)
		}
		if age := time.Since(info.Created); age < -tolerance || age > tolerance {
			f.Fatalf("the upload was created at %v, want about %v", info.Created, time.Now())
		}
		if !info.Expires.After(info.Created) || !info.Expires.After(time.Now()) {
			f.Fatalf("the upload was created at %v and expires at %v", info.Created, info.Expires)
		}
		return info
	}
	first := tells(0)
	f.writeParts(upload, data, 2)
	f.sync(upload)
	tells(777)
	f.writeParts(upload, data, 0)
	f.sync(upload)
	tells(777 + upload.PartSize())
	f.detach(upload)
	tells(777 + upload.PartSize())
	upload = f.resume(upload, spec)
	f.writePart(upload, 0, []byte("short"))
	f.sync(upload)
	last := tells(777)
	if !sameTime(last.Created, first.Created) || last.Expires.Before(first.Expires) {
		f.Fatalf("the upload was created %v, expires %v; after it was resumed: %v, %v", first.Created, first.Expires, last.Created, last.Expires)
	}
}

func uploadsUnfinished(f fixture) {
	data := []byte("data")
	for _, path := range []string{"aborted", "committed", "detached", "held", "resumed"} {
		spec := resumable(path, "key", data)
		upload := f.beginNew(spec)
		f.writePart(upload, 0, data)
		switch path {
		case "aborted":
			f.abort(upload)
		case "committed":
			f.finish(upload, data)
		case "detached":
			f.detach(upload)
		case "resumed":
			f.resume(upload, spec)
		}
	}
	f.hasUploads("", "detached", "held", "resumed")
	f.resumeCommitted("committed", data)
	f.hasUploads("", "detached", "held", "resumed")
}

// resumeCommitted checks that a remembered commit is not listed as an unfinished upload,
// although it can be resumed.
func (f fixture) resumeCommitted(path string, data []byte) {
	f.Helper()
	upload := f.begin(resumable(path, "key", data))
	f.isDurable(upload, data, 0)
	f.fails("AbortUpload of a commit", f.store.AbortUpload(f.Context(), upload.ID()), tranship.ErrNotFound)
	f.detach(upload)
	f.has(path, data)
}

func uploadsWithKey(f fixture) {
	data := []byte("data")
	upload := f.begin(tranship.Spec{Path: "file", Size: new(int64(4))})
	f.writePart(upload, 0, data)
	f.hasUploads("")
	f.fails("AbortUpload of one without a key", f.store.AbortUpload(f.Context(), upload.ID()), tranship.ErrNotFound)
	f.commit(upload, data)
	f.has("file", data)
}

func uploadsAbort(f fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	other := f.beginNew(resumable("file", "another key", data))
	for _, held := range []bool{true, false} {
		upload := f.beginNew(spec)
		f.writeParts(upload, data, 0)
		f.sync(upload)
		writer := f.part(upload, 1)
		f.write(writer, data[:100])
		if !held {
			f.detach(upload)
		}
		if err := f.store.AbortUpload(f.Context(), upload.ID()); err != nil {
			f.Fatalf("AbortUpload: %v", err)
		}
		if err := write(writer, []byte("late")); err != nil {
			f.endedError("Write after AbortUpload", err)
		}
		if err := writer.Close(); err != nil {
			f.endedError("Close after AbortUpload", err)
		}
		f.endedOf(upload, data)
		f.fails("AbortUpload again", f.store.AbortUpload(f.Context(), upload.ID()), tranship.ErrNotFound)
		f.hasUploads("", "file")
		f.isEmpty()
		f.detach(upload)
		f.abort(upload)
	}
	upload := f.beginNew(spec)
	f.finish(upload, data)
	f.finish(other, data)
}

func uploadsAbortResumed(f fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	older := f.beginNew(spec)
	f.writeParts(older, data, 0)
	upload := f.resume(older, spec)
	if err := f.store.AbortUpload(f.Context(), older.ID()); err != nil {
		f.Fatalf("AbortUpload: %v", err)
	}
	f.endedOf(upload, data)
	f.overtaken(older, data)
	f.hasUploads("")
	f.finish(f.beginNew(spec), data)
}

func uploadsNoSuch(f fixture) {
	data := []byte("data")
	upload := f.beginNew(resumable("file", "key", data))
	for _, id := range []string{"no-such", "file", "key", "..", "../x", "x/y", upload.ID() + "x", upload.ID()[1:]} {
		_, err := tranship.FindUpload(f.Context(), f.store, id)
		f.fails("FindUpload("+id+")", err, tranship.ErrNotFound)
		f.fails("AbortUpload("+id+")", f.store.AbortUpload(f.Context(), id), tranship.ErrNotFound)
	}
	f.finish(upload, data)
	_, err := tranship.FindUpload(f.Context(), f.store, upload.ID())
	f.fails("FindUpload of what was committed", err, tranship.ErrNotFound)
}

func uploadsStopped(f fixture) {
	for _, path := range []string{"a", "b", "c"} {
		f.beginNew(resumable(path, "key", []byte("data")))
	}
	for info, err := range f.store.ListUploads(f.Context(), "") {
		if err != nil || info.Path != "a" {
			f.Fatalf("ListUploads begins with %+v, %v", info, err)
		}
		break
	}
	for info, err := range f.store.ListUploads(f.Context(), "") { // changed while it is listed
		if err != nil {
			f.Fatalf("ListUploads: %v", err)
		}
		if err := f.store.AbortUpload(f.Context(), info.ID); err != nil {
			f.Fatalf("AbortUpload of what is listed: %v", err)
		}
	}
	f.hasUploads("")
}

func uploadsContext(f fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	upload := f.beginNew(spec)
	f.writeParts(upload, data, 0)
	f.sync(upload)
	ctx, cancel := context.WithCancel(f.Context())
	cancel()
	f.fails("AbortUpload", f.store.AbortUpload(ctx, upload.ID()), context.Canceled)
	f.fails("Sync", upload.Sync(ctx), context.Canceled)
	_, err := f.store.Begin(ctx, spec)
	f.fails("Begin", err, context.Canceled)
	yielded := 0
	for _, err := range f.store.ListUploads(ctx, "") {
		f.fails("ListUploads", err, context.Canceled)
		yielded++
	}
	if yielded != 1 {
		f.Fatalf("ListUploads yielded %d times, want one error", yielded)
	}
	f.isDurable(upload, data, 0)
	f.finish(upload, data) // nothing has happened to it
}
