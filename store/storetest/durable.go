package storetest

import (
	"context"
	"fmt"
	"slices"

	"github.com/tranship/tranship"
)

// resumable returns the spec of a resumable upload of data.
func resumable(path, key string, data []byte) tranship.Spec {
	return tranship.Spec{Path: path, Size: new(int64(len(data))), ResumeKey: key}
}

// parted returns content that an upload of its size has in two whole parts and a shorter
// one.
func (f fixture) parted(seed byte) []byte {
	f.Helper()
	return content(seed, 2*f.partSize(3)+777)
}

// partSize returns the length of the parts of an upload of known size that has this number
// of parts. The part size may depend on the size, and on whether the size is known.
func (f fixture) partSize(parts int64) int64 {
	f.Helper()
	partSize, size := int64(0), int64(1)
	for range 10 {
		probe := f.begin(tranship.Spec{Path: "probe", Size: &size})
		f.abort(probe)
		if probe.PartSize() == partSize {
			return partSize
		}
		partSize = probe.PartSize()
		size = (parts-1)*partSize + 1
	}
	f.Fatalf("there is no upload of %d parts: in one of %d bytes they have %d", parts, size, partSize)
	return 0
}

// pieces returns the parts of data.
func pieces(upload tranship.Upload, data []byte) [][]byte {
	var all [][]byte
	for _, piece := range parts(upload, data) {
		all = append(all, piece)
	}
	return all
}

// writeParts writes parts of data, by number.
func (f fixture) writeParts(upload tranship.Upload, data []byte, numbers ...int) {
	f.Helper()
	for _, n := range numbers {
		f.writePart(upload, n, pieces(upload, data)[n])
	}
}

func (f fixture) sync(upload tranship.Upload) {
	f.Helper()
	if err := upload.Sync(f.Context()); err != nil {
		f.Fatalf("Sync: %v", err)
	}
}

func (f fixture) detach(upload tranship.Upload) {
	f.Helper()
	if err := upload.Detach(f.Context()); err != nil {
		f.Fatalf("Detach: %v", err)
	}
}

// kept begins a resumable upload of data, makes parts of it durable and detaches it.
func (f fixture) kept(spec tranship.Spec, data []byte, numbers ...int) tranship.Upload {
	f.Helper()
	upload := f.beginNew(spec)
	f.writeParts(upload, data, numbers...)
	f.sync(upload)
	f.isDurable(upload, data, numbers...)
	f.detach(upload)
	return upload
}

// beginNew begins an upload and checks that it was not resumed.
func (f fixture) beginNew(spec tranship.Spec) tranship.Upload {
	f.Helper()
	upload := f.begin(spec)
	if upload.Epoch() != 1 {
		f.Fatalf("a new upload of %q has epoch %d, want 1", spec.Path, upload.Epoch())
	}
	if durable := upload.Durable(); len(durable) != 0 {
		f.Fatalf("of a new upload of %q is durable: %v", spec.Path, durable)
	}
	return upload
}

// resume begins an upload and checks that it is the older one, resumed.
func (f fixture) resume(older tranship.Upload, spec tranship.Spec) tranship.Upload {
	f.Helper()
	id, epoch, partSize := older.ID(), older.Epoch(), older.PartSize()
	upload := f.begin(spec)
	if upload.ID() != id {
		f.Fatalf("the upload of %q was not resumed: its id was %q and is %q", spec.Path, id, upload.ID())
	}
	if upload.Epoch() <= epoch || older.Epoch() != epoch {
		f.Fatalf("epoch of the upload of %q was %d and is %d after it was resumed; the older one says %d", spec.Path, epoch, upload.Epoch(), older.Epoch())
	}
	if upload.PartSize() != partSize {
		f.Fatalf("part size of %q was %d and is %d after it was resumed", spec.Path, partSize, upload.PartSize())
	}
	return upload
}

// isDurable checks which parts are durable, and that they are parts of data.
func (f fixture) isDurable(upload tranship.Upload, data []byte, want ...int) {
	f.Helper()
	slices.Sort(want)
	got, err := durable(upload, data)
	if err != nil {
		f.Fatal(err)
	}
	if !slices.Equal(got, want) {
		f.Fatalf("durable are the parts %v, want %v", got, want)
	}
}

// durable returns the numbers of the durable parts. Each must have the bytes of that part of
// data.
func durable(upload tranship.Upload, data []byte) ([]int, error) {
	var numbers []int
	all, ranges := pieces(upload, data), upload.Durable()
	for _, r := range ranges {
		n := int(r.Offset / upload.PartSize())
		if r.Offset%upload.PartSize() != 0 || n < 0 || n >= len(all) || r.Length != int64(len(all[n])) {
			return nil, fmt.Errorf("%d bytes from %d are durable: no part of %d bytes in parts of %d", r.Length, r.Offset, len(data), upload.PartSize())
		}
		if len(numbers) > 0 && numbers[len(numbers)-1] >= n {
			return nil, fmt.Errorf("durable ranges are not in ascending order: %v", ranges)
		}
		if r.CRC32C == nil {
			return nil, fmt.Errorf("the durable part %d has no CRC32C", n)
		}
		if want := tranship.CRC32C(all[n]); *r.CRC32C != want {
			return nil, fmt.Errorf("the durable part %d has CRC32C %08x, want %08x", n, *r.CRC32C, want)
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

// finish writes the parts of data that are not durable, and commits.
func finish(ctx context.Context, upload tranship.Upload, data []byte) (tranship.File, error) {
	there, err := durable(upload, data)
	if err != nil {
		return tranship.File{}, err
	}
	for n, piece := range parts(upload, data) {
		if slices.Contains(there, n) {
			continue
		}
		if err := writePart(ctx, upload, n, piece); err != nil {
			return tranship.File{}, err
		}
	}
	return commit(ctx, upload, data)
}

func (f fixture) finish(upload tranship.Upload, data []byte) tranship.File {
	f.Helper()
	file, err := finish(f.Context(), upload, data)
	if err != nil {
		f.Fatalf("finishing an upload: %v", err)
	}
	f.checkFile(file, file.Path, data)
	f.sameFile(f.has(file.Path, data), file)
	return file
}

// overtaken checks that an upload has no effect after a later Begin has resumed it.
func (f fixture) overtaken(upload tranship.Upload, data []byte) {
	f.Helper()
	f.abortedOrNil("writing a part of an upload resumed since", writePart(f.Context(), upload, 0, pieces(upload, data)[0]))
	f.fails("Sync of an upload resumed since", upload.Sync(f.Context()), tranship.ErrAborted)
	err := upload.CopyPart(f.Context(), 0, "source", tranship.OpenOptions{})
	f.fails("CopyPart of an upload resumed since", err, tranship.ErrAborted)
	_, err = commit(f.Context(), upload, data)
	f.fails("Commit of an upload resumed since", err, tranship.ErrAborted)
	f.detach(upload)
	f.abort(upload)
	f.detach(upload)
}
