package storetest

import (
	"errors"
	"math"

	"github.com/tranship/tranship"
)

func commitTests() []test {
	return []test{
		{"checksum", commitChecksum},
		{"no checksum", commitWithoutChecksum},
		{"another size than declared", commitSize},
		{"another size than written", commitUnknownSize},
		{"missing bytes", commitMissing},
		{"missing bytes of a huge file", commitHuge},
		{"twice", commitTwice},
	}
}

// commitFails uploads data, all in part 0, and checks that the commit fails with
// target.
func (f fixture) commitFails(spec tranship.Spec, data []byte, commit tranship.Commit, target error) {
	f.Helper()
	upload := f.begin(spec)
	f.writePart(upload, 0, data)
	_, err := upload.Commit(f.Context(), commit)
	f.fails("Commit", err, target)
	if errors.Is(target, tranship.ErrInvalid) {
		f.invalid("Commit", err)
	}
}

func commitChecksum(f fixture) {
	data := content(1, 1000)
	right := tranship.CRC32C(data)
	kept := f.put("kept", []byte("kept"))
	for _, path := range []string{"new", "kept"} {
		for _, wrong := range []uint32{right + 1, ^right, 0, tranship.CRC32C(data[:999])} {
			f.commitFails(tranship.Spec{Path: path}, data, tranship.Commit{Size: 1000, CRC32C: &wrong}, tranship.ErrIntegrity)
		}
		f.lists(tranship.ListOptions{}, "kept")
		f.sameFile(f.has("kept", []byte("kept")), kept)
		f.upload(tranship.Spec{Path: path}, data)
		f.has(path, data)
		f.remove(path)
		kept = f.put("kept", []byte("kept"))
	}
	f.commitFails(tranship.Spec{Path: "empty"}, nil, tranship.Commit{CRC32C: new(uint32(1))}, tranship.ErrIntegrity)
	f.upload(tranship.Spec{Path: "empty"}, nil)
}

func commitWithoutChecksum(f fixture) {
	data := content(1, 1000)
	upload := f.begin(tranship.Spec{Path: "file"})
	f.writePart(upload, 0, data)
	file, err := upload.Commit(f.Context(), tranship.Commit{Size: 1000})
	if err != nil {
		f.Fatalf("Commit without a checksum: %v", err)
	}
	f.sameFile(f.has("file", data), file)
}

func commitSize(f fixture) {
	data := content(1, 1000)
	declared := tranship.Spec{Path: "file", Size: new(int64(1000))}
	for _, size := range []int64{-1, 0, 999, 1001, math.MaxInt64, math.MinInt64} {
		f.commitFails(declared, data, tranship.Commit{Size: size}, tranship.ErrInvalid)
	}
	f.commitFails(declared, data[:500], tranship.Commit{Size: 500}, tranship.ErrInvalid)
	f.isEmpty()
	f.upload(declared, data)
	f.has("file", data)
	f.remove("file")

	short := f.begin(declared)
	f.writePart(short, 0, data[:500])
	f.incomplete(short, 1000, tranship.Range{Offset: 500, Length: 500})
	f.hasNot("file")
}

func commitUnknownSize(f fixture) {
	data := content(1, 1000)
	for _, size := range []int64{-1, 0, 999} {
		f.commitFails(tranship.Spec{Path: "file"}, data, tranship.Commit{Size: size}, tranship.ErrInvalid)
	}
	upload := f.begin(tranship.Spec{Path: "file"})
	f.writePart(upload, 0, data)
	f.incomplete(upload, 1001, tranship.Range{Offset: 1000, Length: 1})
	f.isEmpty()
	f.upload(tranship.Spec{Path: "file"}, data)
	f.has("file", data)

	for _, beyond := range []int64{1 - upload.PartSize(), 999} { // both too many bytes and too few
		second := f.begin(tranship.Spec{Path: "second part"})
		f.writePart(second, 1, data)
		size := second.PartSize() + beyond
		_, err := second.Commit(f.Context(), tranship.Commit{Size: size})
		if !errors.Is(err, tranship.ErrInvalid) && !errors.Is(err, tranship.ErrPrecondition) {
			f.Fatalf("Commit of %d bytes is %v, want ErrInvalid or ErrPrecondition", size, err)
		}
	}
	f.hasNot("second part")
}

// incomplete checks that a commit fails because exactly these ranges are missing. The store
// may cut a range into several, and may begin it at the start of its part.
func (f fixture) incomplete(upload tranship.Upload, size int64, want ...tranship.Range) {
	f.Helper()
	_, err := upload.Commit(f.Context(), tranship.Commit{Size: size})
	f.fails("Commit without all bytes", err, tranship.ErrPrecondition)
	incomplete, ok := errors.AsType[*tranship.IncompleteError](err)
	if !ok {
		f.Fatalf("Commit without all bytes is %v, want an *IncompleteError", err)
	}
	got := joined(incomplete.Missing)
	for _, missing := range incomplete.Missing {
		if missing.CRC32C != nil {
			f.Fatalf("missing ranges are %v, want none with a checksum", incomplete.Missing)
		}
	}
	if len(got) != len(want) {
		f.Fatalf("missing ranges are %v, want %v", incomplete.Missing, want)
	}
	for i, missing := range got {
		// The store may report a part that lacks some bytes as wholly missing.
		partly := want[i].Offset - want[i].Offset%upload.PartSize()
		end := want[i].Offset + want[i].Length
		if missing.Offset != want[i].Offset && missing.Offset != partly || missing.Offset+missing.Length != end {
			f.Fatalf("missing ranges are %v, want %v", incomplete.Missing, want)
		}
	}
}

// joined puts neighbouring ranges together.
func joined(ranges []tranship.Range) []tranship.Range {
	var all []tranship.Range
	for _, r := range ranges {
		if last := len(all) - 1; last >= 0 && all[last].Offset+all[last].Length == r.Offset {
			all[last].Length += r.Length
			continue
		}
		all = append(all, r)
	}
	return all
}

func commitMissing(f fixture) {
	written := func(parts map[int][]byte) tranship.Upload {
		upload := f.begin(tranship.Spec{Path: "file"})
		for n, data := range parts {
			f.writePart(upload, n, data)
		}
		return upload
	}
	part := written(nil).PartSize()
	ten := []byte("0123456789")
	f.incomplete(written(nil), 1, tranship.Range{Offset: 0, Length: 1})
	f.incomplete(written(nil), 2*part+1, tranship.Range{Offset: 0, Length: 2*part + 1})
	f.incomplete(written(map[int][]byte{2: ten}), 2*part+10, tranship.Range{Offset: 0, Length: 2 * part})
	f.incomplete(written(map[int][]byte{1: content(1, part), 2: ten}), 2*part+10, tranship.Range{Offset: 0, Length: part})
	f.incomplete(written(map[int][]byte{0: ten, 1: content(1, part), 2: ten}), 2*part+10, tranship.Range{Offset: 10, Length: part - 10})
	f.isEmpty()
}

// commitHuge commits a size far beyond what was written. The store must not allocate or
// visit every part up to there.
func commitHuge(f fixture) {
	data := []byte("data")
	upload := f.begin(tranship.Spec{Path: "file"})
	f.writePart(upload, 0, data)
	if file, err := upload.Commit(f.Context(), tranship.Commit{Size: math.MaxInt64}); err == nil {
		f.Fatalf("Commit of a size that was not written made %+v", file)
	}
	f.isEmpty()
}

// commitTwice repeats a commit. The store may give the first answer again, but must not make
// another version.
func commitTwice(f fixture) {
	data := []byte("data")
	upload := f.begin(tranship.Spec{Path: "file"})
	f.writePart(upload, 0, data)
	first := f.commit(upload, data)
	second, err := commit(f.Context(), upload, data)
	if err != nil {
		f.endedError("a second Commit", err)
	} else {
		f.sameFile(second, first)
	}
	f.sameFile(f.has("file", data), first)

	f.remove("file")
	if _, err := commit(f.Context(), upload, data); err != nil {
		f.endedError("a third Commit", err)
	}
	f.hasNot("file")
}
