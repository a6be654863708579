package storetest

import (
	"bytes"
	"context"
	"io"
	"iter"

	"github.com/tranship/tranship"
)

// begin starts an upload, which is aborted when the test ends.
func (f fixture) begin(spec tranship.Spec) tranship.Upload {
	f.Helper()
	upload, err := f.store.Begin(f.Context(), spec)
	if err != nil {
		f.Fatalf("Begin(%q): %v", spec.Path, err)
	}
	f.cleanUp(upload)
	if upload.ID() == "" || upload.PartSize() <= 0 {
		f.Fatalf("upload of %q has id %q and part size %d", spec.Path, upload.ID(), upload.PartSize())
	}
	return upload
}

// cleanUp aborts the upload when the test ends. After Commit or Abort that does nothing, so it
// fails only if the store of the upload was closed.
func (f fixture) cleanUp(upload tranship.Upload) {
	f.Cleanup(func() {
		if err := upload.Abort(f.background()); err != nil && !f.reopens {
			f.Errorf("Abort at the end of the test: %v", err)
		}
	})
}

func (f fixture) abort(upload tranship.Upload) {
	f.Helper()
	if err := upload.Abort(f.Context()); err != nil {
		f.Fatalf("Abort: %v", err)
	}
}

// part opens the writer of a part, which must succeed.
func (f fixture) part(upload tranship.Upload, n int) tranship.PartWriter {
	f.Helper()
	writer, err := upload.Part(f.Context(), n)
	if err != nil {
		f.Fatalf("Part(%d): %v", n, err)
	}
	return writer
}

// write writes data. The writer must take all of it.
func (f fixture) write(writer io.Writer, data []byte) {
	f.Helper()
	if err := write(writer, data); err != nil {
		f.Fatalf("Write: %v", err)
	}
}

func (f fixture) closeWriter(writer tranship.PartWriter) {
	f.Helper()
	if err := writer.Close(); err != nil {
		f.Fatalf("Close of a part's writer: %v", err)
	}
}

func (f fixture) writePart(upload tranship.Upload, n int, data []byte) {
	f.Helper()
	if err := writePart(f.Context(), upload, n, data); err != nil {
		f.Fatalf("writing part %d: %v", n, err)
	}
}

// commit commits an upload of data, which must succeed.
func (f fixture) commit(upload tranship.Upload, data []byte) tranship.File {
	f.Helper()
	file, err := commit(f.Context(), upload, data)
	if err != nil {
		f.Fatalf("Commit: %v", err)
	}
	f.checkFile(file, file.Path, data)
	return file
}

// upload uploads data part after part, and commits.
func (f fixture) upload(spec tranship.Spec, data []byte) tranship.File {
	f.Helper()
	upload := f.begin(spec)
	for n, part := range parts(upload, data) {
		f.writePart(upload, n, part)
	}
	file := f.commit(upload, data)
	if file.Path != spec.Path {
		f.Fatalf("Commit made %q, want %q", file.Path, spec.Path)
	}
	return file
}

// parts yields the parts of data by number.
func parts(upload tranship.Upload, data []byte) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		for n := 0; len(data) > 0; n++ {
			size := min(int64(len(data)), upload.PartSize())
			if !yield(n, data[:size]) {
				return
			}
			data = data[size:]
		}
	}
}

func writePart(ctx context.Context, upload tranship.Upload, n int, data []byte) error {
	writer, err := upload.Part(ctx, n)
	if err != nil {
		return err
	}
	if err := write(writer, data); err != nil {
		writer.Close()
		return err
	}
	return writer.Close()
}

// write writes data in pieces of various sizes, from a buffer that it overwrites after each.
func write(writer io.Writer, data []byte) error {
	sizes := []int{1, 0, 37, 4096, 256<<10 + 1, 1 << 20, 2 << 20}
	var buffer []byte
	for i := 0; len(data) > 0; i++ {
		size := min(sizes[i%len(sizes)], len(data))
		buffer = append(buffer[:0], data[:size]...)
		n, err := writer.Write(buffer)
		clobber(buffer)
		if err != nil {
			return err
		}
		if n != size {
			return io.ErrShortWrite
		}
		data = data[size:]
	}
	return nil
}

func commit(ctx context.Context, upload tranship.Upload, data []byte) (tranship.File, error) {
	return upload.Commit(ctx, tranship.Commit{Size: int64(len(data)), CRC32C: new(tranship.CRC32C(data))})
}

// get reads the file at path. Any goroutine may call it.
func get(ctx context.Context, store tranship.Store, path string) (tranship.File, []byte, error) {
	content, err := store.Open(ctx, path, tranship.OpenOptions{})
	if err != nil {
		return tranship.File{}, nil, err
	}
	defer content.Close()
	var data bytes.Buffer
	_, err = io.Copy(&data, content)
	return content.File(), data.Bytes(), err
}
