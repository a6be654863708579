package storetest

import (
	"errors"
	"math"

	"github.com/tranship/tranship"
)

func partTests() []test {
	return []test{
		{"number", partNumber},
		{"beyond the end of the part", beyondPart},
		{"beyond the upload's size", beyondSize},
		{"one large write", largeWrite},
		{"interleaved", interleaved},
		{"written again", writtenAgain},
		{"written again, shorter", writtenShorter},
		{"a newer writer ends the older", newerWriter},
		{"a newer writer beside the older", newerWriterBeside},
		{"abort ends writers", abortEndsWriters},
	}
}

func partNumber(f fixture) {
	probe := f.begin(tranship.Spec{Path: "unknown"})
	_, err := probe.Part(f.Context(), -1)
	f.fails("Part(-1)", err, tranship.ErrInvalid)

	size := f.partSize(2) + 1
	upload := f.begin(tranship.Spec{Path: "known", Size: &size})
	for _, n := range []int{-1, math.MinInt, 2, 3, math.MaxInt32, math.MaxInt} {
		_, err := upload.Part(f.Context(), n)
		f.fails("a part that is not there", err, tranship.ErrInvalid)
	}
	f.closeWriter(f.part(upload, 0))
	f.closeWriter(f.part(upload, 1))
}

// tooMuch checks that the writer refuses a Write and takes none of its bytes.
func (f fixture) tooMuch(writer tranship.PartWriter, data []byte) {
	f.Helper()
	n, err := writer.Write(data)
	f.invalid("Write beyond the end", err)
	if n != 0 {
		f.Fatalf("a refused Write took %d bytes", n)
	}
}

func beyondPart(f fixture) {
	upload := f.begin(tranship.Spec{Path: "file"})
	data := content(1, upload.PartSize())
	last := len(data) - 1
	writer := f.part(upload, 0)
	f.write(writer, data[:last])
	f.tooMuch(writer, []byte("xy"))
	f.write(writer, data[last:])
	f.tooMuch(writer, []byte("x"))
	f.closeWriter(writer)
	f.commit(upload, data)
	f.has("file", data)
}

func beyondSize(f fixture) {
	data := []byte("0123456789")
	upload := f.begin(tranship.Spec{Path: "file", Size: new(int64(10))})
	writer := f.part(upload, 0)
	f.tooMuch(writer, []byte("more than ten"))
	f.write(writer, data[:9])
	f.tooMuch(writer, []byte("xy"))
	f.write(writer, data[9:])
	f.tooMuch(writer, []byte("x"))
	f.closeWriter(writer)
	f.commit(upload, data)
	f.has("file", data)

	empty := f.begin(tranship.Spec{Path: "empty", Size: new(int64(0))})
	writer = f.part(empty, 0)
	f.tooMuch(writer, []byte("x"))
	f.closeWriter(writer)
	f.commit(empty, nil)
	f.has("empty", nil)
}

// largeWrite writes a whole part in one Write, which may be more than a chunk.
func largeWrite(f fixture) {
	upload := f.begin(tranship.Spec{Path: "file"})
	data := content(1, upload.PartSize())
	buffer := append([]byte(nil), data...)
	writer := f.part(upload, 0)
	if n, err := writer.Write(buffer); n != len(buffer) || err != nil {
		f.Fatalf("Write of %d bytes: %d, %v", len(buffer), n, err)
	}
	clobber(buffer)
	if n, err := writer.Write(nil); n != 0 || err != nil {
		f.Fatalf("Write of nothing at the end: %d, %v", n, err)
	}
	f.closeWriter(writer)
	f.commit(upload, data)
	f.has("file", data)
}

// interleaved writes two parts of one upload and a second upload in turns.
func interleaved(f fixture) {
	one := f.begin(tranship.Spec{Path: "one"})
	two := f.begin(tranship.Spec{Path: "two"})
	data, other := content(1, one.PartSize()+1000), content(2, 1000)
	first, second, third := f.part(one, 0), f.part(one, 1), f.part(two, 0)
	tail := data[one.PartSize():]
	for i := 0; i < 1000; i += 100 {
		f.write(second, tail[i:i+100])
		f.write(third, other[i:i+100])
		f.write(first, data[i:i+100])
	}
	f.closeWriter(third)
	f.write(first, data[1000:one.PartSize()])
	f.closeWriter(second)
	f.closeWriter(first)
	f.commit(two, other)
	f.commit(one, data)
	f.has("one", data)
	f.has("two", other)
}

func writtenAgain(f fixture) {
	upload := f.begin(tranship.Spec{Path: "file", Size: new(int64(1000))})
	for _, seed := range []byte{1, 1, 2} { // the same once more, then others
		f.writePart(upload, 0, content(seed, 1000))
	}
	f.commit(upload, content(2, 1000))
	f.has("file", content(2, 1000))
}

// writtenShorter checks that a newer writer starts a part afresh. Bytes of an older writer
// beyond the newer writer's last byte do not count.
func writtenShorter(f fixture) {
	data := content(2, 1000)
	written := func() tranship.Upload {
		upload := f.begin(tranship.Spec{Path: "file"})
		f.writePart(upload, 0, content(1, 1000))
		f.writePart(upload, 0, data[:600])
		return upload
	}
	f.incomplete(written(), 1000, tranship.Range{Offset: 600, Length: 400})
	f.commit(written(), data[:600])
	f.has("file", data[:600])
}

func newerWriter(f fixture) {
	data := content(2, 1000)
	upload := f.begin(tranship.Spec{Path: "file", Size: new(int64(1000))})
	older := f.part(upload, 0)
	f.write(older, content(1, 500))
	newer := f.part(upload, 0)
	var told bool
	told = f.lateWrite(older) || told
	f.write(newer, data[:500])
	told = f.lateWrite(older) || told
	f.write(newer, data[500:])
	f.closeWriter(newer)
	told = f.lateWrite(older) || told
	told = f.abortedOrNil("Close of an ended writer", older.Close()) || told
	f.commitDespite(upload, data, told)
}

// newerWriterBeside keeps an older writer writing while a newer writer takes over.
func newerWriterBeside(f fixture) {
	upload := f.begin(tranship.Spec{Path: "file"})
	size := min(upload.PartSize(), 256<<10)
	old, data := content(1, size), content(2, size)
	older := f.part(upload, 0)
	begun := make(chan struct{})
	done := make(chan error)
	go func() {
		first := write(older, old[:1])
		close(begun)
		for i := int64(1); i < size && first == nil; i += 100 {
			_, first = older.Write(old[i:min(i+100, size)])
		}
		done <- errors.Join(first, older.Close())
	}()
	<-begun
	err := writePart(f.Context(), upload, 0, data)
	told := f.abortedOrNil("what an ended writer met", <-done)
	if err != nil {
		f.Fatalf("the newer writer: %v", err)
	}
	f.commitDespite(upload, data, told)
}

// lateWrite writes with a writer that has ended, and reports whether the Write failed. The
// store may report the end later.
func (f fixture) lateWrite(writer tranship.PartWriter) (told bool) {
	f.Helper()
	_, err := writer.Write([]byte("late"))
	return f.abortedOrNil("Write of an ended writer", err)
}

func (f fixture) abortedOrNil(what string, err error) (told bool) {
	f.Helper()
	if err != nil {
		f.fails(what, err, tranship.ErrAborted)
	}
	return err != nil
}

// commitDespite commits. The first attempt may report the end of a writer whose own methods
// did not report it.
func (f fixture) commitDespite(upload tranship.Upload, data []byte, told bool) {
	f.Helper()
	if _, err := commit(f.Context(), upload, data); err != nil {
		if told || !errors.Is(err, tranship.ErrAborted) {
			f.Fatalf("Commit: %v", err)
		}
		f.commit(upload, data)
	}
	f.has("file", data)
}

func abortEndsWriters(f fixture) {
	upload := f.begin(tranship.Spec{Path: "file", Size: new(int64(4))})
	writer := f.part(upload, 0)
	f.write(writer, []byte("da"))
	f.abort(upload)
	if _, err := writer.Write([]byte("ta")); err != nil {
		f.endedError("Write after Abort", err)
	}
	if err := writer.Close(); err != nil {
		f.endedError("Close after Abort", err)
	}
	f.ended(upload)
	f.isEmpty()
}
