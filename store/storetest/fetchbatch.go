package storetest

import (
	"context"
	"fmt"
	"testing"

	"github.com/tranship/tranship"
)

// TestBatchFetcher tests the tranship.BatchFetcher of a store. It fails if tranship.As finds
// none. Each test calls open once, as for Test.
func TestBatchFetcher(t *testing.T, open func(t *testing.T) tranship.Store) {
	claim[tranship.BatchFetcher](t, open(t))
	runAll(t, open, nil, fetchBatchTests())
}

func fetchBatchTests() []test {
	return []test{
		{"results of single fetches", fetchBatchAlike},
		{"empty and of one", fetchBatchSmall},
		{"another size", fetchBatchNothing},
		{"many", fetchBatchMany},
		{"failures", fetchBatchFailures},
		{"too much together", fetchBatchTooMuch},
		{"data is the caller's", fetchBatchData},
		{"lent buffers", fetchBatchBuffers},
		{"context", fetchBatchContext},
		{"whole versions", fetchBatchWhole},
	}
}

// fetchBatch fetches items, and checks that there is a result for each, with nothing beside
// an error.
func (f fixture) fetchBatch(ctx context.Context, items ...tranship.FetchItem) []tranship.FetchResult {
	f.Helper()
	results := ability[tranship.BatchFetcher](f, f.store).FetchBatch(ctx, items)
	if len(results) != len(items) {
		f.Fatalf("FetchBatch of %d items has %d results", len(items), len(results))
	}
	for i, result := range results {
		if result.Err != nil && (result.Data != nil || result.File.Path != "") {
			f.Errorf("the fetch of %q fails, and has the file %+v and %d bytes", items[i].Path, result.File, len(result.Data))
		}
	}
	return results
}

// fetched checks that a result is the file at a path, with its data.
func (f fixture) fetched(result tranship.FetchResult, want tranship.File, data []byte) {
	f.Helper()
	if result.Err != nil || result.Data == nil {
		f.Fatalf("FetchBatch: %q: %v, want %d bytes", want.Path, result.Err, len(data))
	}
	f.sameFile(result.File, want)
	f.sameBytes(result.Data, data)
}

func fetchBatchAlike(f fixture) {
	var items []tranship.FetchItem
	for i, size := range []int64{4096, 0, 1, 65537, 4095, 100_000, 12} {
		path := fmt.Sprintf("d%d/%d", i%3, i)
		f.put(path, content(byte(i), size))
		items = append(items, tranship.FetchItem{Path: path, Size: size})
	}
	for range 2 {
		for i, result := range f.fetchBatch(f.Context(), items...) {
			file, data, err := tranship.Fetch(f.Context(), f.store, items[i].Path, items[i].Size)
			if err != nil {
				f.Fatalf("Fetch: %v", err)
			}
			f.fetched(result, file, data)
			if (result.File.CRC32C == nil) != (file.CRC32C == nil) {
				f.Errorf("FetchBatch returns %+v, and Fetch %+v", result.File, file)
			}
			f.sameFile(f.has(items[i].Path, content(byte(i), items[i].Size)), result.File)
		}
	}
}

func fetchBatchSmall(f fixture) {
	f.fetchBatch(f.Context())
	data := content(1, tranship.MaxBatchBytes)
	one, largest := f.put("one", []byte("1")), f.put("largest", data)
	f.fetched(f.fetchBatch(f.Context(), tranship.FetchItem{Path: "one", Size: 1})[0], one, []byte("1"))
	f.fetched(f.fetchBatch(f.Context(), tranship.FetchItem{Path: "largest", Size: tranship.MaxBatchBytes})[0], largest, data)
}

func fetchBatchNothing(f fixture) {
	want := f.put("file", content(1, 1000))
	sizes := []int64{1000, 0, 999, 1001, 1000}
	var items []tranship.FetchItem
	for _, size := range sizes {
		items = append(items, tranship.FetchItem{Path: "file", Size: size})
	}
	for i, result := range f.fetchBatch(f.Context(), items...) {
		if items[i].Size != sizes[i] {
			f.Fatalf("FetchBatch has changed item %d to %+v", i, items[i])
		}
		if sizes[i] == 1000 {
			f.fetched(result, want, content(1, 1000))
			continue
		}
		if result.Err != nil || result.Data != nil {
			f.Fatalf("FetchBatch of %d bytes of 1000: %d bytes, %v; want the description alone", sizes[i], len(result.Data), result.Err)
		}
		f.sameFile(result.File, want)
	}
}

func fetchBatchMany(f fixture) {
	var items []tranship.FetchItem
	for i := range 700 {
		path := fmt.Sprintf("%d/%d/%d", i%7, i%3, i)
		f.put(path, []byte(path))
		items = append(items, tranship.FetchItem{Path: path, Size: int64(len(path))})
	}
	for i, result := range f.fetchBatch(f.Context(), items...) {
		f.fetched(result, f.stat(items[i].Path), []byte(items[i].Path))
	}
}

// fetchBatchFailures fetches items that fail for different reasons between others.
func fetchBatchFailures(f fixture) {
	file := f.put("d/file", []byte("data"))
	failing := []struct {
		item tranship.FetchItem
		want error
	}{
		{tranship.FetchItem{Path: "none", Size: 4}, tranship.ErrNotFound},
		{tranship.FetchItem{Path: "d", Size: 4}, tranship.ErrNotFound},
		{tranship.FetchItem{Path: "d/file/below", Size: 4}, tranship.ErrNotFound},
		{tranship.FetchItem{Path: "../file", Size: 4}, tranship.ErrInvalid},
		{tranship.FetchItem{Path: "", Size: 4}, tranship.ErrInvalid},
		{tranship.FetchItem{Path: "d/file", Size: -1}, tranship.ErrLimit},
	}
	good := tranship.FetchItem{Path: "d/file", Size: 4}
	var items []tranship.FetchItem
	for _, failed := range failing {
		items = append(items, good, failed.item)
	}
	for i, result := range f.fetchBatch(f.Context(), append(items, good)...) {
		if i%2 == 0 {
			f.fetched(result, file, []byte("data"))
		} else {
			f.fails("FetchBatch of "+failing[i/2].item.Path, result.Err, failing[i/2].want)
		}
	}
}

// fetchBatchTooMuch fetches more than MaxBatchBytes. The contract lets a store refuse items
// beyond that.
func fetchBatchTooMuch(f fixture) {
	data := content(1, tranship.MaxBatchBytes/2)
	file := f.put("file", data)
	half := tranship.FetchItem{Path: "file", Size: int64(len(data))}
	tooLarge := tranship.FetchItem{Path: "file", Size: tranship.MaxPutBytes + 1}
	for i, result := range f.fetchBatch(f.Context(), half, half, half, tooLarge, half) {
		switch {
		case i == 3:
			f.fails("FetchBatch of a large item", result.Err, tranship.ErrLimit)
		case i < 2 || result.Err == nil:
			f.fetched(result, file, data)
		default:
			f.fails("FetchBatch of too much", result.Err, tranship.ErrLimit)
		}
	}
	f.fails("FetchBatch of a large item alone", f.fetchBatch(f.Context(), tooLarge)[0].Err, tranship.ErrLimit)
}

// fetchBatchData changes the data of each result and appends to it. The store and the other
// results must not share its memory.
func fetchBatchData(f fixture) {
	data := []byte("data of a file")
	item := tranship.FetchItem{Path: "file", Size: int64(len(data))}
	file := f.put("file", data)
	for range 2 {
		results := f.fetchBatch(f.Context(), item, item, item)
		for _, result := range results {
			f.fetched(result, file, data)
			clobber(result.Data)
			_ = append(result.Data, "appended to the data"...)
		}
	}
	f.has("file", data)
}

// fetchBatchBuffers lends buffers of all lengths, several times the same ones. The bytes beside them
// must stay as they are.
func fetchBatchBuffers(f fixture) {
	const size, room = 1000, 1100
	lengths := []int{size, size + 1, room, size - 1, 0, -1, size + 1}
	memory := make([]byte, (len(lengths)+1)*room)
	clobber(memory)
	for round := range 3 {
		items := []tranship.FetchItem{{Path: "none", Size: 10, Buffer: memory[len(lengths)*room:]}}
		var want []tranship.File
		for i, length := range lengths {
			item := tranship.FetchItem{Path: fmt.Sprint("d/", i), Size: size}
			if length >= 0 {
				item.Buffer = memory[i*room:][:length:length]
			}
			items = append(items, item)
			want = append(want, f.put(item.Path, content(byte(10*round+i), size)))
		}
		results := f.fetchBatch(f.Context(), items...)
		f.fails("FetchBatch with a buffer", results[0].Err, tranship.ErrNotFound)
		for i, result := range results[1:] {
			f.fetched(result, want[i], content(byte(10*round+i), size))
			_ = append(result.Data, "appended to the data"...)
		}
		for i, length := range lengths {
			for _, b := range memory[i*room+max(length, 0) : (i+1)*room] {
				if b != 0xDB {
					f.Fatalf("FetchBatch has written beyond a buffer of %d bytes", length)
				}
			}
		}
		clobber(memory)
		for i := range lengths {
			f.has(fmt.Sprint("d/", i), content(byte(10*round+i), size))
		}
	}
}

func fetchBatchContext(f fixture) {
	f.put("file", []byte("data"))
	ctx, cancel := context.WithCancel(f.Context())
	cancel()
	item := tranship.FetchItem{Path: "file", Size: 4}
	for _, result := range f.fetchBatch(ctx, item, item) {
		f.fails("FetchBatch in a context that has ended", result.Err, context.Canceled)
	}
}
