package storetest

import (
	"errors"
	"io"
	"sync/atomic"
	"testing"

	"github.com/tranship/tranship"
)

// TestFetcher tests the tranship.Fetcher of a store. It fails if tranship.As finds none. Each
// test calls open once, as for Test.
func TestFetcher(t *testing.T, open func(t *testing.T) tranship.Store) {
	claim[tranship.Fetcher](t, open(t))
	runAll(t, open, nil, fetcherTests())
}

// TestChunks tests the tranship.ChunkReader of the store's contents and the
// tranship.ChunkWriter of its part writers. It fails if tranship.As does not find the first
// although reads is set, or the second although writes is set. Each test calls open once, as
// for Test.
func TestChunks(t *testing.T, open func(t *testing.T) tranship.Store, reads, writes bool) {
	f := fixture{T: t, ctx: t.Context(), store: open(t)}
	if reads {
		f.put("file", []byte("data"))
		claim[tranship.ChunkReader](t, f.open("file", tranship.OpenOptions{}))
	}
	if writes {
		writer := f.part(f.begin(tranship.Spec{Path: "upload", Size: new(int64(4))}), 0)
		claim[tranship.ChunkWriter](t, writer)
		f.closeWriter(writer)
	}
	runAll(t, open, nil, chunkTests())
}

// TestPartRunner tests the tranship.PartRunner of the store's uploads. It fails if tranship.As
// finds none. Each test calls open once, as for Test.
func TestPartRunner(t *testing.T, open func(t *testing.T) tranship.Store) {
	f := fixture{T: t, ctx: t.Context(), store: open(t)}
	claim[tranship.PartRunner](t, f.begin(tranship.Spec{Path: "upload", Size: new(int64(4))}))
	runAll(t, open, nil, partRunTests())
}

// claim checks that v has an ability.
func claim[T any](t *testing.T, v any) {
	t.Helper()
	if _, ok := tranship.As[T](v); !ok {
		t.Fatalf("%T has no %T", v, (*T)(nil))
	}
}

// ability is that of v; a test of one that v does not have is skipped.
func ability[T any](f fixture, v any) T {
	f.Helper()
	found, ok := tranship.As[T](v)
	if !ok {
		f.Skipf("%T has no %T", v, (*T)(nil))
	}
	return found
}

func fetcherTests() []test {
	return []test{
		{"sizes", fetchesSizes},
		{"another size", fetchesNothing},
		{"failures", fetchFails},
	}
}

func fetchesSizes(f fixture) {
	fetcher := ability[tranship.Fetcher](f, f.store)
	for _, size := range []int64{0, 1, 4096, 65537, tranship.MaxPutBytes} {
		data := content(1, size)
		want := f.put("d/file", data)
		for range 2 {
			file, got, err := fetcher.Fetch(f.Context(), "d/file", size)
			if err != nil || got == nil {
				f.Fatalf("Fetch of %d bytes: %v", size, err)
			}
			f.sameFile(file, want)
			f.sameBytes(got, data)
			clobber(got) // it is the caller's
		}
	}
}

func fetchesNothing(f fixture) {
	fetcher := ability[tranship.Fetcher](f, f.store)
	want := f.put("file", content(1, 1000))
	for _, size := range []int64{0, 999, 1001, tranship.MaxPutBytes} {
		file, got, err := fetcher.Fetch(f.Context(), "file", size)
		if err != nil || got != nil {
			f.Fatalf("Fetch of %d bytes of 1000: %d bytes, %v; want the description alone", size, len(got), err)
		}
		f.sameFile(file, want)
	}
}

func fetchFails(f fixture) {
	fetcher := ability[tranship.Fetcher](f, f.store)
	f.put("d/file", []byte("data"))
	for _, path := range []string{"none", "d", "d/file/below"} {
		_, _, err := fetcher.Fetch(f.Context(), path, 4)
		f.fails("Fetch of "+path, err, tranship.ErrNotFound)
	}
	for _, size := range []int64{-1, tranship.MaxPutBytes + 1} {
		_, _, err := fetcher.Fetch(f.Context(), "d/file", size)
		f.fails("Fetch of too much", err, tranship.ErrLimit)
	}
	_, _, err := fetcher.Fetch(f.Context(), "../file", 4)
	f.invalid("Fetch of an invalid path", err)
}

func chunkTests() []test {
	return []test{
		{"read", readsChunks},
		{"written", writesChunks},
		{"too many bytes", writesTooMuch},
	}
}

// readsChunks reads with ReadChunk, and in turns with Read.
func readsChunks(f fixture) {
	data := content(1, big)
	f.upload(tranship.Spec{Path: "file"}, data)
	for _, turns := range []bool{false, true} {
		for _, offset := range []int64{0, 12345} {
			opened := f.open("file", tranship.OpenOptions{Offset: offset})
			chunks := ability[tranship.ChunkReader](f, opened)
			var got []byte
			for {
				if turns {
					head := make([]byte, 100)
					n, err := opened.Read(head)
					if got = append(got, head[:n]...); err == io.EOF {
						break
					} else if err != nil {
						f.Fatalf("Read: %v", err)
					}
				}
				chunk, err := chunks.ReadChunk()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					f.Fatalf("ReadChunk: %v", err)
				}
				if chunk.Len() == 0 || chunk.CRC32C != tranship.PiecesCRC32C(chunk.Pieces) {
					f.Fatalf("a chunk of %d bytes has CRC32C %08x, want %08x", chunk.Len(), chunk.CRC32C, tranship.PiecesCRC32C(chunk.Pieces))
				}
				for _, piece := range chunk.Pieces {
					got = append(got, piece...)
				}
				chunk.Release()
			}
			f.sameBytes(got, data[offset:])
		}
	}
}

// newChunk returns a chunk of a copy of data, which it overwrites when the chunk is
// released. held counts those that have not been.
func newChunk(data []byte, held *atomic.Int64) tranship.Chunk {
	buffer := append([]byte(nil), data...)
	half := len(buffer) / 2
	held.Add(1)
	return tranship.NewChunk([][]byte{buffer[:half], nil, buffer[half:]}, tranship.CRC32C(buffer), func() {
		clobber(buffer)
		held.Add(-1)
	})
}

// chunksOf cuts data into chunks of awkward sizes.
func chunksOf(data []byte, held *atomic.Int64) []tranship.Chunk {
	var all []tranship.Chunk
	for i := 0; len(data) > 0; i++ {
		size := min([]int{1, 4096, 65537, 3}[i%4], len(data))
		all = append(all, newChunk(data[:size], held))
		data = data[size:]
	}
	return all
}

func writesChunks(f fixture) {
	var held atomic.Int64
	data := f.parted(1)
	upload := f.begin(tranship.Spec{Path: "file", Size: new(int64(len(data)))})
	for n, piece := range parts(upload, data) {
		f.writeChunks(f.part(upload, n), piece, &held)
	}
	f.commit(upload, data)
	f.has("file", data)
	f.released(&held)
}

// writeChunks writes with a writer, which it closes.
func (f fixture) writeChunks(writer tranship.PartWriter, data []byte, held *atomic.Int64) {
	f.Helper()
	chunks := ability[tranship.ChunkWriter](f, writer)
	for _, chunk := range chunksOf(data, held) {
		if err := chunks.WriteChunk(chunk); err != nil {
			f.Fatalf("WriteChunk: %v", err)
		}
	}
	f.closeWriter(writer)
}

// released checks that all chunks of an upload that has ended were released.
func (f fixture) released(held *atomic.Int64) {
	f.Helper()
	if n := held.Load(); n != 0 {
		f.Fatalf("%d chunks were not released, or more than once", n)
	}
}

func writesTooMuch(f fixture) {
	var held atomic.Int64
	data := []byte("0123456789")
	upload := f.begin(tranship.Spec{Path: "file", Size: new(int64(10))})
	writer := f.part(upload, 0)
	chunks := ability[tranship.ChunkWriter](f, writer)
	if err := chunks.WriteChunk(newChunk(data[:1], &held)); err != nil {
		f.Fatalf("WriteChunk: %v", err)
	}
	f.invalid("WriteChunk of too much", chunks.WriteChunk(newChunk(data, &held)))
	f.write(writer, data[1:])
	f.closeWriter(writer)
	f.commit(upload, data)
	f.has("file", data)
	f.released(&held)
}

func partRunTests() []test {
	return []test{
		{"all parts", runsAll},
		{"some parts", runsSome},
		{"none", runsNone},
	}
}

func runsAll(f fixture) {
	data := f.parted(1)
	upload := f.begin(tranship.Spec{Path: "file", Size: new(int64(len(data)))})
	f.writeRun(upload, 0, 3, data)
	f.commit(upload, data)
	f.has("file", data)
}

// writeRun writes several parts with one writer, which it closes.
func (f fixture) writeRun(upload tranship.Upload, first, end int, data []byte) {
	f.Helper()
	writer, err := ability[tranship.PartRunner](f, upload).PartRun(f.Context(), first, end)
	if err != nil {
		f.Fatalf("PartRun(%d, %d): %v", first, end, err)
	}
	f.write(writer, data)
	f.closeWriter(writer)
}

// runsSome writes one part alone, the others in a run, and one again.
func runsSome(f fixture) {
	data, stale := f.parted(1), f.parted(2)
	upload := f.begin(tranship.Spec{Path: "file", Size: new(int64(len(data)))})
	part := upload.PartSize()
	f.writeRun(upload, 0, 2, stale[:2*part])
	f.writeParts(upload, data, 0)
	f.writeRun(upload, 1, 3, data[part:])
	f.commit(upload, data)
	f.has("file", data)
}

func runsNone(f fixture) {
	data := f.parted(1)
	upload := f.begin(tranship.Spec{Path: "file", Size: new(int64(len(data)))})
	runner := ability[tranship.PartRunner](f, upload)
	for _, run := range [][2]int{{-1, 1}, {3, 4}, {2, 4}} {
		if _, err := runner.PartRun(f.Context(), run[0], run[1]); !errors.Is(err, tranship.ErrInvalid) {
			f.Fatalf("PartRun(%d, %d) is %v, want ErrInvalid", run[0], run[1], err)
		}
	}
	f.writeRun(upload, 0, 3, data)
	f.commit(upload, data)
	f.has("file", data)
}
