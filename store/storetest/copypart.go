package storetest

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/tranship/tranship"
)

func copyPartTests() []test {
	return []test{
		{"ranges", copyRanges},
		{"unknown size", copyUnknownSize},
		{"versions", copyVersions},
		{"too short", copyTooShort},
		{"failures", copyFailures},
		{"counts as the part's writer", copyIsWriter},
		{"from the file that it replaces", copyFromReplaced},
		{"at once", copyAtOnce},
		{"ended upload", copyEnded},
	}
}

func (f fixture) copyPart(upload tranship.Upload, n int, source string, options tranship.OpenOptions) {
	f.Helper()
	if err := upload.CopyPart(f.Context(), n, source, options); err != nil {
		f.Fatalf("CopyPart(%d, %q, %+v): %v", n, source, options, err)
	}
}

// copyRanges copies from offsets that are multiples of the part size, and from others.
func copyRanges(f fixture) {
	data := f.parted(1)
	size := int64(len(data))
	from := f.upload(tranship.Spec{Path: "d/source", Size: &size}, data)
	part := f.begin(tranship.Spec{Path: "probe", Size: &size}).PartSize()
	for _, offset := range []int64{0, 1, part - 1, part, part + 777} {
		length := min(part+500, size-offset) // part 0, and some of part 1
		upload := f.begin(tranship.Spec{Path: "file", Size: &length})
		f.copyPart(upload, 0, "d/source", tranship.OpenOptions{Offset: offset})
		if length > part {
			f.copyPart(upload, 1, "d/source", tranship.OpenOptions{Offset: offset + part, Length: new(int64(3))})
		}
		f.commit(upload, data[offset:offset+length])
		f.has("file", data[offset:offset+length])
	}
	// The end of the source, the other way round, and all of it.
	upload := f.begin(tranship.Spec{Path: "file", Size: &size})
	f.copyPart(upload, 2, "d/source", tranship.OpenOptions{Offset: 2 * part, Length: new(int64(0))})
	f.copyPart(upload, 1, "d/source", tranship.OpenOptions{})
	f.copyPart(upload, 0, "d/source", tranship.OpenOptions{Offset: part})
	want := slices.Concat(data[part:2*part], data[:part], data[2*part:])
	f.commit(upload, want)
	f.has("file", want)
	f.sameFile(f.has("d/source", data), from)
}

// copyUnknownSize copies into an upload of unknown size. Each copy must fill a whole part,
// because the end of the file is unknown.
func copyUnknownSize(f fixture) {
	upload := f.begin(tranship.Spec{Path: "file"})
	part := upload.PartSize()
	data := content(1, 2*part+777)
	f.upload(tranship.Spec{Path: "source"}, data)
	f.copyPart(upload, 0, "source", tranship.OpenOptions{Offset: 5})
	err := upload.CopyPart(f.Context(), 1, "source", tranship.OpenOptions{Offset: part + 778})
	f.fails("CopyPart of fewer bytes than a part has", err, tranship.ErrInvalid)
	f.writePart(upload, 1, []byte("the end"))
	want := slices.Concat(data[5:5+part], []byte("the end"))
	f.commit(upload, want)
	f.has("file", want)
}

func copyVersions(f fixture) {
	old, data := content(1, 1000), content(2, 1000)
	size := new(int64(600))
	version := f.put("source", old).Version
	upload := f.begin(tranship.Spec{Path: "file", Size: size})
	f.copyPart(upload, 0, "source", tranship.OpenOptions{Version: version, Offset: 100})
	newer := f.put("source", data).Version

	other := f.begin(tranship.Spec{Path: "other", Size: size})
	err := other.CopyPart(f.Context(), 0, "source", tranship.OpenOptions{Version: version})
	f.fails("CopyPart of a version that was replaced", err, tranship.ErrPrecondition)
	f.copyPart(other, 0, "source", tranship.OpenOptions{Version: newer, Offset: 400})
	f.remove("source")
	f.commit(upload, old[100:700])
	f.has("file", old[100:700])
	f.commit(other, data[400:])
	f.has("other", data[400:])
}

// copyTooShort copies from sources that are too short. The store refuses them, and the part
// can still be written in another way.
func copyTooShort(f fixture) {
	data := content(1, 1000)
	f.put("source", data)
	f.put("empty", nil)
	upload := f.begin(tranship.Spec{Path: "file", Size: new(int64(600))})
	for _, offset := range []int64{401, 999, 1000, 1001, math.MaxInt64, -1, math.MinInt64} {
		err := upload.CopyPart(f.Context(), 0, "source", tranship.OpenOptions{Offset: offset})
		f.invalid("CopyPart of too few bytes", err)
	}
	f.invalid("CopyPart of an empty file", upload.CopyPart(f.Context(), 0, "empty", tranship.OpenOptions{}))
	f.copyPart(upload, 0, "source", tranship.OpenOptions{Offset: 400})
	f.commit(upload, data[400:])
	f.has("file", data[400:])
}

func copyFailures(f fixture) {
	data := content(1, 1000)
	f.put("d/source", data)
	upload := f.begin(tranship.Spec{Path: "file", Size: new(int64(1000))})
	for _, missing := range []string{"none", "d", "d/none", "d/source/below"} {
		f.fails("CopyPart of "+missing, upload.CopyPart(f.Context(), 0, missing, tranship.OpenOptions{}), tranship.ErrNotFound)
	}
	for _, path := range []string{"", "../source", "/d/source", ".tranship/x", "d//source"} {
		f.invalid("CopyPart of an invalid path", upload.CopyPart(f.Context(), 0, path, tranship.OpenOptions{}))
	}
	for _, n := range []int{-1, math.MinInt, 2, math.MaxInt} {
		f.fails("CopyPart to a part that is not there", upload.CopyPart(f.Context(), n, "d/source", tranship.OpenOptions{}), tranship.ErrInvalid)
	}
	ctx, cancel := context.WithCancel(f.Context())
	cancel()
	f.fails("CopyPart", upload.CopyPart(ctx, 0, "d/source", tranship.OpenOptions{}), context.Canceled)
	f.copyPart(upload, 0, "d/source", tranship.OpenOptions{})
	f.commit(upload, data)
	f.has("file", data)
}

func copyIsWriter(f fixture) {
	data, source := content(1, 1000), content(2, 1000)
	f.put("source", source)
	begin := func() tranship.Upload {
		return f.begin(tranship.Spec{Path: "file", Size: new(int64(1000))})
	}
	upload := begin()
	older := f.part(upload, 0)
	f.write(older, data[:500])
	f.copyPart(upload, 0, "source", tranship.OpenOptions{})
	told := f.lateWrite(older)
	told = f.abortedOrNil("Close of an ended writer", older.Close()) || told
	f.commitDespite(upload, source, told)

	upload = begin()
	f.writePart(upload, 0, data)
	f.copyPart(upload, 0, "source", tranship.OpenOptions{})
	f.commit(upload, source)
	f.has("file", source)

	upload = begin()
	f.copyPart(upload, 0, "source", tranship.OpenOptions{})
	f.writePart(upload, 0, data[:999])
	f.incomplete(upload, 1000, tranship.Range{Offset: 999, Length: 1})
	f.abort(upload)

	upload = begin()
	f.copyPart(upload, 0, "source", tranship.OpenOptions{})
	f.writePart(upload, 0, data)
	f.commit(upload, data)
	f.has("file", data)
}

// copyFromReplaced replaces one part of a file, with an upload to the same path.
func copyFromReplaced(f fixture) {
	data := f.parted(1)
	before := f.upload(tranship.Spec{Path: "file", Size: new(int64(len(data)))}, data)
	spec := tranship.Spec{Path: "file", Size: &before.Size, Precondition: mustMatch(before.Version)}
	upload := f.begin(spec)
	part := upload.PartSize()
	middle := content(2, part)
	for _, n := range []int{0, 2} {
		f.copyPart(upload, n, "file", tranship.OpenOptions{Version: before.Version, Offset: int64(n) * part})
	}
	f.writePart(upload, 1, middle)
	want := slices.Concat(data[:part], middle, data[2*part:])
	f.sameFile(f.has("file", data), before)
	f.commit(upload, want)
	f.has("file", want)
}

func copyDurable(f fixture) {
	f.needs(NoCopyPart)
	data := f.parted(1)
	f.upload(tranship.Spec{Path: "source", Size: new(int64(len(data)))}, data)
	spec := resumable("file", "key", data)
	upload := f.beginNew(spec)
	part := upload.PartSize()
	for _, n := range []int{0, 2} {
		f.copyPart(upload, n, "source", tranship.OpenOptions{Offset: int64(n) * part})
	}
	f.sync(upload)
	f.isDurable(upload, data, 0, 2)
	f.detach(upload)
	f.remove("source")

	upload = f.resume(upload, spec)
	f.isDurable(upload, data, 0, 2)
	changed := slices.Concat(data[:part], data[1:part+1], data[2*part:])
	f.put("source", changed[part:part+1])
	f.fails("CopyPart of too few bytes", upload.CopyPart(f.Context(), 1, "source", tranship.OpenOptions{}), tranship.ErrInvalid)
	f.upload(tranship.Spec{Path: "source", Size: spec.Size}, data)
	f.copyPart(upload, 1, "source", tranship.OpenOptions{Offset: part})
	f.sync(upload)
	f.isDurable(upload, data, 0, 1, 2)
	f.copyPart(upload, 1, "source", tranship.OpenOptions{Offset: 1}) // over what is durable
	f.sync(upload)
	f.isDurable(upload, changed, 0, 1, 2)
	f.detach(upload)
	upload = f.resume(upload, spec)
	f.isDurable(upload, changed, 0, 1, 2)
	f.finish(upload, changed)
}

func copyAtOnce(f fixture) {
	data := f.parted(1)
	size := int64(len(data))
	f.upload(tranship.Spec{Path: "source", Size: &size}, data)
	upload := f.begin(tranship.Spec{Path: "file", Size: &size})
	all := pieces(upload, data)
	errs := together(2*len(all), func(i int) error {
		n := i % len(all) // each twice: the newer ends the older
		return upload.CopyPart(f.Context(), n, "source", tranship.OpenOptions{Offset: int64(n) * upload.PartSize()})
	})
	for _, err := range errs {
		f.abortedOrNil("CopyPart beside another of the same part", err)
	}
	f.commitDespite(upload, data, errors.Join(errs...) != nil)
}

func copyEnded(f fixture) {
	data := content(1, 1000)
	f.put("source", data)
	for name, end := range map[string]func(tranship.Upload){
		"aborted":   f.abort,
		"detached":  f.detach,
		"committed": func(upload tranship.Upload) { f.writePart(upload, 0, data); f.commit(upload, data) },
	} {
		upload := f.begin(tranship.Spec{Path: "file", Size: new(int64(1000))})
		end(upload)
		f.endedError("CopyPart to an upload that was "+name, upload.CopyPart(f.Context(), 0, "source", tranship.OpenOptions{}))
	}
	f.has("source", data)
}
