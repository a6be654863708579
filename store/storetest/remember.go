package storetest

import (
	"io/fs"
	"time"

	"github.com/tranship/tranship"
)

func rememberTests() []test {
	return []test{
		{"a commit whose reply was lost", lostReply},
		{"whatever the precondition", lostReplyOfCondition},
		{"takes no more parts", rememberedTakesNoParts},
		{"other bytes at commit", rememberedOtherBytes},
		{"abort forgets", abortForgets},
		{"not of another upload", remembersNoOther},
		{"not when the file is another", forgetsReplaced},
		{"attributes may change", rememberedAttributes},
		{"newer attributes", newerAttributes},
		{"newer durability", newerDurability},
		{"empty file", remembersEmpty},
		{"not without a key", remembersNothing},
	}
}

// committed makes a file of data with a resumable upload.
func (f fixture) committed(spec tranship.Spec, data []byte) (tranship.Upload, tranship.File) {
	f.Helper()
	upload := f.beginNew(spec)
	return upload, f.finish(upload, data)
}

// recall begins an upload whose commit the store must remember.
func (f fixture) recall(older tranship.Upload, spec tranship.Spec, data []byte) tranship.Upload {
	f.Helper()
	upload := f.resume(older, spec)
	var all []int
	for n := range parts(upload, data) {
		all = append(all, n)
	}
	f.isDurable(upload, data, all...)
	return upload
}

func lostReply(f fixture) {
	data := f.parted(1)
	spec := resumable("d/file", "key", data)
	older, file := f.committed(spec, data)
	f.abort(older) // does nothing
	f.detach(older)
	for range 3 {
		upload := f.recall(older, spec, data)
		f.sync(upload)
		f.sameFile(f.commit(upload, data), file)
		f.sameFile(f.has("d/file", data), file)
		f.abort(upload) // does nothing after Commit
	}
	for range 2 { // begun, and let go
		f.detach(f.recall(older, spec, data))
	}
	upload := f.recall(older, spec, data)
	again, err := upload.Commit(f.Context(), tranship.Commit{Size: file.Size})
	if err != nil {
		f.Fatalf("Commit without a checksum: %v", err)
	}
	f.sameFile(again, file)
	f.lists(tranship.ListOptions{Recursive: true}, "d/file")
}

// lostReplyOfCondition repeats an upload. Its own commit has made its precondition false.
func lostReplyOfCondition(f fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	spec.Precondition = mustNotExist()
	older, file := f.committed(spec, data)
	f.sameFile(f.commit(f.recall(older, spec, data), data), file)

	spec.Precondition, spec.ResumeKey = mustMatch(file.Version), "second"
	older, second := f.committed(spec, data)
	f.sameFile(f.commit(f.recall(older, spec, data), data), second)
	f.sameFile(f.has("file", data), second)
}

func rememberedTakesNoParts(f fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	f.put("source", content(2, 777))
	older, file := f.committed(spec, data)

	upload := f.recall(older, spec, data)
	err := writePart(f.Context(), upload, 1, pieces(upload, data)[1])
	if err == nil { // then Sync must tell
		err = upload.Sync(f.Context())
	}
	f.fails("writing a part of an upload that was committed", err, tranship.ErrAborted)
	f.detach(upload)

	upload = f.recall(older, spec, data)
	err = upload.CopyPart(f.Context(), 2, "source", tranship.OpenOptions{})
	f.fails("CopyPart of an upload that was committed", err, tranship.ErrAborted)
	f.detach(upload)

	f.sameFile(f.commit(f.recall(older, spec, data), data), file)
	f.sameFile(f.has("file", data), file)
}

func rememberedOtherBytes(f fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	older, file := f.committed(spec, data)

	upload := f.recall(older, spec, data)
	_, err := commit(f.Context(), upload, f.parted(2))
	f.fails("Commit of another checksum", err, tranship.ErrIntegrity)
	f.detach(upload)
	upload = f.recall(older, spec, data)
	_, err = upload.Commit(f.Context(), tranship.Commit{Size: file.Size - 1})
	f.invalid("Commit of another size", err)
	f.detach(upload)
	f.sameFile(f.has("file", data), file)
	f.sameFile(f.commit(f.recall(older, spec, data), data), file)
}

// abortForgets aborts a remembered commit, as a client does after its source has changed.
func abortForgets(f fixture) {
	data, changed := f.parted(1), f.parted(2)
	spec := resumable("file", "key", data)
	older, file := f.committed(spec, data)
	f.abort(f.recall(older, spec, data))
	f.sameFile(f.has("file", data), file)
	older, file = f.committed(spec, data)

	failed := f.recall(older, spec, data) // or finds out at its end
	_, err := commit(f.Context(), failed, changed)
	f.fails("Commit of another checksum", err, tranship.ErrIntegrity)
	f.abort(failed)
	f.sameFile(f.has("file", data), file)

	upload := f.beginNew(spec)
	if upload.ID() == older.ID() {
		f.Fatalf("the commit was to be forgotten, and the upload is there again")
	}
	newer := f.finish(upload, changed)
	if newer.Version == file.Version {
		f.Fatalf("version is %s before and after the content was replaced", file.Version)
	}
	f.sameFile(f.commit(f.recall(upload, spec, changed), changed), newer)
}

func remembersNoOther(f fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	older, file := f.committed(spec, data)
	longer := content(1, int64(len(data))+1)
	for _, other := range []tranship.Spec{
		resumable("file", "another key", data),
		resumable("other", "key", data),
		resumable("file", "key", longer),
		{Path: "file", Size: spec.Size},
	} {
		f.abort(f.beginNew(other))
	}
	f.sameFile(f.commit(f.recall(older, spec, data), data), file)
}

func forgetsReplaced(f fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	for name, change := range map[string]func(){
		"replaced by a put":     func() { f.put("file", []byte("another")) },
		"replaced by an upload": func() { f.upload(tranship.Spec{Path: "file"}, data) },
		"replaced by another key": func() {
			f.committed(resumable("file", "another", data), data)
		},
		"removed": func() { f.remove("file") },
		"moved away": func() {
			if _, err := f.store.Move(f.Context(), "file", "elsewhere", tranship.Precondition{}); err != nil {
				f.Fatalf("Move: %v", err)
			}
		},
	} {
		older, file := f.committed(spec, data)
		change()
		upload := f.begin(spec)
		if upload.ID() == older.ID() {
			f.Fatalf("the file was %s, and its upload is there again", name)
		}
		f.isDurable(upload, data)
		if newer := f.finish(upload, data); newer.Version == file.Version {
			f.Fatalf("the file was %s and committed again, and has the same version", name)
		}
		f.abort(f.recall(upload, spec, data)) // forgets, for the next round
	}
}

// rememberedAttributes changes attributes that the spec does not set.
func rememberedAttributes(f fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	older, _ := f.committed(spec, data)
	attributes := tranship.Attributes{Mode: new(fs.FileMode(0o600)), Metadata: map[string]string{"key": "value"}}
	changed, err := f.store.SetAttributes(f.Context(), "file", attributes, tranship.Precondition{})
	if err != nil {
		f.Fatalf("SetAttributes: %v", err)
	}
	f.sameFile(f.commit(f.recall(older, spec, data), data), changed)
	f.sameFile(f.has("file", data), changed)
}

// newerAttributes repeats an upload of the same bytes, with other attributes each
// time.
func newerAttributes(f fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	older, want := f.committed(spec, data)
	for _, attributes := range []tranship.Attributes{
		{Mode: new(fs.FileMode(0o440))},
		{ModTime: new(time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC))},
		{Metadata: map[string]string{"key": "value"}},
		{Mode: new(fs.FileMode(0o600)), ModTime: new(time.Date(2002, 2, 3, 4, 5, 6, 0, time.UTC)), Metadata: map[string]string{}},
		{},
	} {
		spec.Attributes = attributes
		f.detach(f.recall(older, spec, data))
		f.sameFile(f.has("file", data), want) // nothing happens before the commit
		want = attributes.Apply(want)
		f.sameFile(f.commit(f.recall(older, spec, data), data), want)
		f.sameFile(f.has("file", data), want)
	}

	spec.Attributes.Mode = new(fs.FileMode(0o644))
	upload := f.recall(older, spec, data)
	replaced := f.put("file", []byte("another"))
	_, err := commit(f.Context(), upload, data)
	f.fails("Commit of a file that was replaced", err, tranship.ErrPrecondition)
	f.detach(upload)
	f.sameFile(f.has("file", []byte("another")), replaced)
}

func newerDurability(f fixture) {
	data := f.parted(1)
	spec := resumable("d/e/file", "key", data)
	spec.Durability = tranship.DurabilityWritten
	older, file := f.committed(spec, data)
	for _, spec.Durability = range []tranship.Durability{tranship.DurabilityDurable, tranship.DurabilityWritten, tranship.DurabilityDefault} {
		f.sameFile(f.commit(f.recall(older, spec, data), data), file)
	}
	f.sameFile(f.has("d/e/file", data), file)
}

func remembersEmpty(f fixture) {
	spec := resumable("file", "key", nil)
	older, file := f.committed(spec, nil)
	f.sameFile(f.commit(f.recall(older, spec, nil), nil), file)
}

// remembersNothing uploads the same twice, which makes two versions.
func remembersNothing(f fixture) {
	data := f.parted(1)
	spec := tranship.Spec{Path: "file", Size: new(int64(len(data)))}
	older, file := f.committed(spec, data)
	upload, newer := f.committed(spec, data)
	if upload.ID() == older.ID() || newer.Version == file.Version {
		f.Fatalf("an upload without a key was remembered: %+v", newer)
	}
	spec.Precondition = mustNotExist()
	upload, err := f.store.Begin(f.Context(), spec)
	if err == nil {
		f.cleanUp(upload)
		_, err = finish(f.Context(), upload, data)
	}
	f.fails("uploading what is there", err, tranship.ErrExists)
}
