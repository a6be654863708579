package storetest

import (
	"errors"
	"slices"

	"github.com/tranship/tranship"
)

func uploadTests() []test {
	return []test{
		{"sizes, known", func(f fixture) { uploadSizes(f, true) }},
		{"sizes, unknown", func(f fixture) { uploadSizes(f, false) }},
		{"empty, with and without a part", uploadEmpty},
		{"in reverse", uploadReverse},
		{"at once", uploadAtOnce},
		{"nothing is visible before commit", uploadInvisible},
		{"replaces", uploadReplaces},
		{"abort", uploadAbort},
		{"several of one path", uploadSeveral},
	}
}

// uploadSizes uploads files that end around the boundaries of parts.
func uploadSizes(f fixture, known bool) {
	probe := f.begin(tranship.Spec{Path: "probe"})
	part := probe.PartSize()
	f.abort(probe)
	if known {
		part = f.partSize(4)
	}
	sizes := []int64{0, 1, 1000, part - 1, part, part + 1}
	if known {
		sizes = append(sizes, 3*part+7)
	}
	for i, size := range sizes {
		data := content(byte(i), size)
		spec := tranship.Spec{Path: "file"}
		if known {
			spec.Size = &size
		}
		file := f.upload(spec, data)
		f.sameFile(f.has("file", data), file)
	}
	f.lists(tranship.ListOptions{}, "file")
}

func uploadEmpty(f fixture) {
	for _, size := range []*int64{nil, new(int64(0))} {
		upload := f.begin(tranship.Spec{Path: "without", Size: size})
		f.commit(upload, nil)
		f.has("without", nil)

		upload = f.begin(tranship.Spec{Path: "with", Size: size})
		f.writePart(upload, 0, nil)
		f.commit(upload, nil)
		f.has("with", nil)
	}
}

func uploadReverse(f fixture) {
	upload := f.begin(tranship.Spec{Path: "file"})
	data := content(1, 2*upload.PartSize()+7)
	f.writePart(upload, 2, data[2*upload.PartSize():])
	f.writePart(upload, 1, data[upload.PartSize():2*upload.PartSize()])
	f.writePart(upload, 0, data[:upload.PartSize()])
	f.commit(upload, data)
	f.has("file", data)
}

func uploadAtOnce(f fixture) {
	size := 2*f.partSize(3) + 7
	upload := f.begin(tranship.Spec{Path: "file", Size: &size})
	data := content(2, size)
	var pieces [][]byte
	for _, piece := range parts(upload, data) {
		pieces = append(pieces, piece)
	}
	for n, err := range together(len(pieces), func(n int) error {
		return writePart(f.Context(), upload, n, pieces[n])
	}) {
		if err != nil {
			f.Fatalf("writing part %d: %v", n, err)
		}
	}
	f.commit(upload, data)
	f.has("file", data)
}

func uploadInvisible(f fixture) {
	data := []byte("data")
	upload := f.begin(tranship.Spec{Path: "d/file"})
	f.isEmpty()
	writer := f.part(upload, 0)
	f.write(writer, data)
	f.isEmpty()
	f.closeWriter(writer)
	f.isEmpty()
	f.hasNot("d/file")
	f.absent("d/file")
	f.commit(upload, data)
	f.lists(tranship.ListOptions{Recursive: true}, "d/file")
	f.has("d/file", data)
}

func uploadReplaces(f fixture) {
	old, data := []byte("the old content"), []byte("new content")
	before := f.put("file", old)
	upload := f.begin(tranship.Spec{Path: "file"})
	f.writePart(upload, 0, data)
	f.sameFile(f.has("file", old), before)
	after := f.commit(upload, data)
	if after.Version == before.Version {
		f.Fatalf("version is %s before and after the content was replaced", after.Version)
	}
	f.sameFile(f.has("file", data), after)
	f.lists(tranship.ListOptions{}, "file")
}

func uploadAbort(f fixture) {
	kept := f.put("kept", []byte("kept"))
	for _, path := range []string{"d/new", "kept"} {
		untouched := f.begin(tranship.Spec{Path: path})
		f.abort(untouched)

		upload := f.begin(tranship.Spec{Path: path})
		f.writePart(upload, 0, []byte("data"))
		f.abort(upload)
		f.abort(upload)
		f.ended(upload)
	}
	f.lists(tranship.ListOptions{Recursive: true}, "kept")
	f.sameFile(f.has("kept", []byte("kept")), kept)

	upload := f.begin(tranship.Spec{Path: "kept"})
	f.writePart(upload, 0, []byte("committed"))
	f.commit(upload, []byte("committed"))
	f.abort(upload)
	f.has("kept", []byte("committed"))
}

// ended checks that nothing more comes of an upload of 4 bytes that was aborted.
func (f fixture) ended(upload tranship.Upload) {
	f.Helper()
	f.endedOf(upload, []byte("late"))
}

// endedOf checks that nothing more comes of an upload of data.
func (f fixture) endedOf(upload tranship.Upload, data []byte) {
	f.Helper()
	// It may be Commit that tells; then it is enough that it does.
	if err := writePart(f.Context(), upload, 0, pieces(upload, data)[0]); err != nil {
		f.endedError("writing to an ended upload", err)
	}
	_, err := upload.Commit(f.Context(), tranship.Commit{Size: int64(len(data))})
	f.endedError("Commit of an ended upload", err)
}

func (f fixture) endedError(what string, err error) {
	f.Helper()
	if !errors.Is(err, tranship.ErrNotFound) && !errors.Is(err, tranship.ErrAborted) {
		f.Fatalf("%s is %v, want ErrNotFound or ErrAborted", what, err)
	}
}

// uploadSeveral checks that uploads of one path know nothing of one another, and
// that the last to commit wins.
func uploadSeveral(f fixture) {
	var uploads []tranship.Upload
	var ids []string
	for i := range 4 {
		upload := f.begin(tranship.Spec{Path: "file"})
		f.writePart(upload, 0, content(byte(i), 100))
		if slices.Contains(ids, upload.ID()) {
			f.Fatalf("two uploads have the id %q", upload.ID())
		}
		uploads, ids = append(uploads, upload), append(ids, upload.ID())
	}
	f.abort(uploads[3])
	for _, i := range []int{2, 0, 1} {
		data := content(byte(i), 100)
		f.commit(uploads[i], data)
		f.has("file", data)
	}
}
