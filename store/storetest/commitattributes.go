package storetest

import (
	"fmt"
	"io/fs"
	"time"

	"github.com/tranship/tranship"
)

// commitAttributeTests are those of a store that takes attributes at commit.
func commitAttributeTests() []test {
	return []test{
		{"replace those of the spec", commitAttributes},
		{"invalid", invalidCommitAttributes},
		{"of a resumed upload", commitAttributesResumed},
		{"of a remembered commit", commitAttributesRemembered},
	}
}

// committedWith commits an upload of data with attributes.
func (f fixture) committedWith(upload tranship.Upload, data []byte, attributes tranship.Attributes) tranship.File {
	f.Helper()
	file, err := upload.Commit(f.Context(), tranship.Commit{
		Size: int64(len(data)), CRC32C: new(tranship.CRC32C(data)), Attributes: attributes,
	})
	if err != nil {
		f.Fatalf("Commit with %+v: %v", attributes, err)
	}
	return file
}

// digest is what is known only at the end: metadata that the content decides.
func digest(data []byte) map[string]string {
	return map[string]string{"digest": fmt.Sprintf("%08x", tranship.CRC32C(data))}
}

func commitAttributes(f fixture) {
	data := content(1, 1000)
	begun := tranship.Attributes{
		ModTime: new(time.Date(2001, 2, 3, 4, 5, 6, 7000, time.UTC)), Mode: new(fs.FileMode(0o600)),
		Metadata: map[string]string{"key": "value"},
	}
	for _, attributes := range []tranship.Attributes{
		{},
		{Metadata: digest(data)},
		{Metadata: map[string]string{}},
		{Mode: new(fs.FileMode(0o755))},
		{ModTime: new(time.Date(2010, 1, 2, 3, 4, 5, 6000, time.UTC))},
		{ModTime: new(time.Unix(1, 0)), Mode: new(fs.FileMode(0)), Metadata: digest(data)},
	} {
		upload := f.begin(tranship.Spec{Path: "file", Attributes: begun})
		f.writePart(upload, 0, data)
		file := f.committedWith(upload, data, attributes)
		f.sameFile(attributes.Apply(begun.Apply(file)), file)
		f.sameFile(f.has("file", data), file)
	}
	upload := f.begin(tranship.Spec{Path: "file"}) // and where the spec has none
	f.writePart(upload, 0, data)
	if file := f.committedWith(upload, data, tranship.Attributes{Metadata: digest(data)}); file.Mode != tranship.DefaultMode {
		f.Fatalf("mode is %v, want the default one", file.Mode)
	}
}

func invalidCommitAttributes(f fixture) {
	data := []byte("data")
	for name, attributes := range map[string]tranship.Attributes{
		"mode with a type": {Mode: new(fs.ModeDir | 0o755)},
		"upper-case key":   {Metadata: map[string]string{"Key": "value"}},
		"value not UTF-8":  {Metadata: map[string]string{"key": "\xff"}},
		"time before 1":    {ModTime: new(time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC))},
	} {
		upload := f.begin(tranship.Spec{Path: "file"})
		f.writePart(upload, 0, data)
		_, err := upload.Commit(f.Context(), tranship.Commit{Size: 4, Attributes: attributes})
		f.invalid("Commit: "+name, err)
		f.isEmpty()
	}
}

// commitAttributesResumed commits what was begun by an older upload.
func commitAttributesResumed(f fixture) {
	f.needs(NoResume)
	data := f.parted(1)
	spec := resumable("file", "key", data)
	spec.Attributes.Metadata = map[string]string{"key": "value"}
	older := f.kept(spec, data, 1)
	upload := f.resume(older, spec)
	for n, piece := range parts(upload, data) {
		if n != 1 {
			f.writePart(upload, n, piece)
		}
	}
	file := f.committedWith(upload, data, tranship.Attributes{Metadata: digest(data)})
	f.sameFile(tranship.Attributes{Metadata: digest(data)}.Apply(file), file)
	f.sameFile(f.has("file", data), file)
}

// commitAttributesRemembered repeats a commit whose reply may have been lost: with the
// same attributes, and with others.
func commitAttributesRemembered(f fixture) {
	f.needs(NoResume)
	data := f.parted(1)
	spec := resumable("file", "key", data)
	older := f.beginNew(spec)
	for n, piece := range parts(older, data) {
		f.writePart(older, n, piece)
	}
	want := f.committedWith(older, data, tranship.Attributes{Metadata: digest(data)})
	f.sameFile(f.committedWith(f.recall(older, spec, data), data, tranship.Attributes{Metadata: digest(data)}), want)
	for _, attributes := range []tranship.Attributes{{}, {Metadata: map[string]string{"key": "value"}}, {Mode: new(fs.FileMode(0o600))}} {
		want = attributes.Apply(want)
		f.sameFile(f.committedWith(f.recall(older, spec, data), data, attributes), want)
		f.sameFile(f.has("file", data), want)
	}
	upload := f.recall(older, spec, data)
	_, err := upload.Commit(f.Context(), tranship.Commit{Size: want.Size, Attributes: tranship.Attributes{Mode: new(fs.ModeDir)}})
	f.invalid("Commit of a remembered upload with a mode that is none", err)
	f.detach(upload)
	f.sameFile(f.has("file", data), want)
}
