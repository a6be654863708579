package storetest

import (
	"context"
	"errors"
	"io/fs"
	"math"

	"github.com/tranship/tranship"
)

func sequentialTests() []test {
	return []test{
		{"in order, of unknown size", sequentialSizes},
		{"wrong end", sequentialWrongEnd},
		{"abort in the middle", sequentialAbort},
		{"ends with its context", sequentialContext},
		{"parts that no file can have", sequentialTooFar},
		{"refused before commit", sequentialRefused},
	}
}

// sequence writes data in order to an upload of unknown size, as a writer does that learns
// only at the end how much there is, in pieces of which some end with a part and some
// within.
func (f fixture) sequence(ctx context.Context, upload tranship.Upload, data []byte, piece int) error {
	var writer tranship.PartWriter
	part := upload.PartSize()
	for offset := int64(0); offset < int64(len(data)); {
		if offset%part == 0 {
			if writer != nil {
				if err := writer.Close(); err != nil {
					return err
				}
			}
			var err error
			if writer, err = upload.Part(ctx, int(offset/part)); err != nil {
				return err
			}
		}
		n := min(int64(piece), part-offset%part, int64(len(data))-offset)
		if _, err := writer.Write(data[offset : offset+n]); err != nil {
			return err
		}
		offset += n
	}
	if writer == nil {
		return nil
	}
	return writer.Close()
}

func sequentialSizes(f fixture) {
	probe := f.begin(tranship.Spec{Path: "probe"})
	part := probe.PartSize()
	f.abort(probe)
	if part < 1000 {
		f.Fatalf("parts have %d bytes: there must be at least 1,000", part)
	}
	attributes := tranship.Attributes{Mode: new(fs.FileMode(0o640))}
	for i, size := range []int64{0, 1, part, 2 * part, 3*part + 5} {
		data := content(byte(i), size)
		upload := f.begin(tranship.Spec{Path: "file", Attributes: attributes, Precondition: tranship.Precondition{}})
		if err := f.sequence(f.Context(), upload, data, 300_007); err != nil {
			f.Fatalf("writing %d bytes: %v", size, err)
		}
		crc := tranship.CRC32C(data)
		file, err := upload.Commit(f.Context(), tranship.Commit{Size: size, CRC32C: &crc})
		if err != nil {
			f.Fatalf("Commit of %d bytes: %v", size, err)
		}
		f.checkFile(file, "file", data)
		f.sameFile(f.has("file", data), file)
		if file.Mode != *attributes.Mode {
			f.Fatalf("mode is %v", file.Mode)
		}
	}
}

// sequentialWrongEnd commits with another size than what was written has.
func sequentialWrongEnd(f fixture) {
	data := content(7, 2500)
	for _, commit := range []struct {
		tranship.Commit
		want error
	}{
		{tranship.Commit{Size: 2501}, tranship.ErrPrecondition},
		{tranship.Commit{Size: 1 << 40}, tranship.ErrPrecondition},
		{tranship.Commit{Size: 2499}, tranship.ErrInvalid},
		{tranship.Commit{Size: 0}, tranship.ErrInvalid},
		{tranship.Commit{Size: -1}, tranship.ErrInvalid},
		{tranship.Commit{Size: 2500, CRC32C: new(tranship.CRC32C(data) + 1)}, tranship.ErrIntegrity},
	} {
		upload := f.begin(tranship.Spec{Path: "file"})
		if err := f.sequence(f.Context(), upload, data, 999); err != nil {
			f.Fatalf("writing: %v", err)
		}
		_, err := upload.Commit(f.Context(), commit.Commit)
		f.fails("Commit with a wrong end", err, commit.want)
		f.abort(upload)
		f.isEmpty()
	}
}

// sequentialAbort gives up after some parts: nothing is left, and the path is free.
func sequentialAbort(f fixture) {
	probe := f.begin(tranship.Spec{Path: "probe"})
	part := probe.PartSize()
	f.abort(probe)
	data := content(8, part+1000)
	for range 2 {
		upload := f.begin(tranship.Spec{Path: "d/file"})
		if err := f.sequence(f.Context(), upload, data, 100_000); err != nil {
			f.Fatalf("writing: %v", err)
		}
		f.abort(upload)
		f.isEmpty()
		if left := f.uploads(""); len(left) > 0 {
			f.Fatalf("%d uploads are left", len(left))
		}
		_, err := upload.Commit(f.Context(), tranship.Commit{Size: int64(len(data))})
		f.fails("Commit after Abort", err, tranship.ErrAborted)
	}
}

func sequentialContext(f fixture) {
	ctx, cancel := context.WithCancel(f.Context())
	upload := f.begin(tranship.Spec{Path: "file"})
	writer, err := upload.Part(ctx, 0)
	if err != nil {
		f.Fatalf("Part: %v", err)
	}
	if _, err := writer.Write([]byte("data")); err != nil {
		f.Fatalf("Write: %v", err)
	}
	cancel()
	// A write that is buffered may succeed: not one after the other.
	for range 1000 {
		if _, err = writer.Write(make([]byte, 1)); err != nil {
			break
		}
	}
	f.fails("Write after the end of the context", err, context.Canceled)
	f.abort(upload)
	f.isEmpty()
}

// sequentialTooFar begins parts beyond what a size can be.
func sequentialTooFar(f fixture) {
	upload := f.begin(tranship.Spec{Path: "file"})
	for _, n := range []int{-1, math.MaxInt, int(math.MaxInt64/upload.PartSize()) + 1} {
		writer, err := upload.Part(f.Context(), n)
		if err == nil {
			_, err = writer.Write([]byte{1})
			_ = writer.Close()
		}
		f.invalid("Part of no file", err)
	}
	f.abort(upload)
	f.isEmpty()
}

// sequentialRefused has what is bound to fail at commit fail before.
func sequentialRefused(f fixture) {
	f.put("there", nil)
	for path, precondition := range map[string]tranship.Precondition{
		"there":       {MustNotExist: true},
		"there/below": {},
		"none":        {MustMatchVersion: "none"},
	} {
		upload, err := f.store.Begin(f.Context(), tranship.Spec{Path: path, Precondition: precondition})
		if err == nil {
			_ = upload.Abort(f.Context())
		}
		if !errors.Is(err, tranship.ErrExists) && !errors.Is(err, tranship.ErrPrecondition) {
			f.Fatalf("Begin at %s with %+v is %v", path, precondition, err)
		}
	}
}
