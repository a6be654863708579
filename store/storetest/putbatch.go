package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/tranship/tranship"
)

// TestBatchPutter tests the tranship.BatchPutter of a store. It fails if tranship.As finds
// none. Each test calls open once, as for Test.
func TestBatchPutter(t *testing.T, open func(t *testing.T) tranship.Store) {
	claim[tranship.BatchPutter](t, open(t))
	runAll(t, open, nil, putBatchTests())
}

func putBatchTests() []test {
	return []test{
		{"results of single puts", putBatchAlike},
		{"empty and of one", putBatchSmall},
		{"replaces", putBatchReplaces},
		{"many", putBatchMany},
		{"failures", putBatchFailures},
		{"too large items", putBatchTooLarge},
		{"too much together", putBatchTooMuch},
		{"one path twice", putBatchTwice},
		{"items are the caller's", putBatchItems},
		{"context", putBatchContext},
		{"concurrent", putBatchConcurrent},
		{"must not exist, concurrent", putBatchRace},
	}
}

// tryBatch puts items from buffers that it then overwrites. It checks that there is a result
// for each.
func (f fixture) tryBatch(ctx context.Context, items ...tranship.PutItem) []tranship.PutResult {
	f.Helper()
	sent := make([]tranship.PutItem, len(items))
	for i, item := range items {
		sent[i] = tranship.PutItem{Spec: item.Spec, Data: bytes.Clone(item.Data)}
	}
	results := ability[tranship.BatchPutter](f, f.store).PutBatch(ctx, sent)
	if len(results) != len(items) {
		f.Fatalf("PutBatch of %d items has %d results", len(items), len(results))
	}
	for i := range sent {
		clobber(sent[i].Data)
	}
	return results
}

// putBatch puts items, all of which must succeed, and checks the files.
func (f fixture) putBatch(items ...tranship.PutItem) []tranship.File {
	f.Helper()
	files := make([]tranship.File, len(items))
	for i, result := range f.tryBatch(f.Context(), items...) {
		if result.Err != nil {
			f.Fatalf("PutBatch: %q: %v", items[i].Spec.Path, result.Err)
		}
		files[i] = result.File
		f.sameFile(f.has(items[i].Spec.Path, items[i].Data), result.File)
	}
	return files
}

// written returns an item of a batch, which the store may commit without durability.
func written(path string, data []byte) tranship.PutItem {
	return tranship.PutItem{Spec: tranship.Spec{Path: path, Durability: tranship.DurabilityWritten}, Data: data}
}

// putBatchAlike puts files with and without attributes in one batch, and one by one.
func putBatchAlike(f fixture) {
	var items []tranship.PutItem
	for i, size := range []int64{4096, 0, 1, 65537, 4095, 100_000, 12} {
		items = append(items, written(fmt.Sprintf("batch/d%d/%d", i%3, i), content(byte(i), size)))
	}
	items[1].Data = nil
	items[2].Spec.Attributes = tranship.Attributes{ModTime: new(time.Unix(1_000_000_001, 0)), Mode: new(fs.FileMode(0o640)), Metadata: map[string]string{"key": "value", "other": "ü"}}
	items[3].Spec.CRC32C, items[3].Spec.Size = new(tranship.CRC32C(items[3].Data)), new(int64(65537))
	items[4].Spec.Durability = tranship.DurabilityDurable
	items[5].Spec.Precondition = mustNotExist()
	items[6].Spec.Attributes.ModTime = new(time.Unix(1_000_000_002, 0))
	files := f.putBatch(items...)
	for i, item := range items {
		batched := files[i]
		item.Spec.Path = strings.Replace(item.Spec.Path, "batch", "single", 1)
		single := f.putSpec(item.Spec, item.Data)
		if batched.Size != single.Size || batched.Mode != single.Mode || batched.ModTimeUnit != single.ModTimeUnit ||
			!maps.Equal(batched.Metadata, single.Metadata) || (batched.CRC32C == nil) != (single.CRC32C == nil) {
			f.Errorf("PutBatch returns %+v, and Put %+v", batched, single)
		}
		if want := item.Spec.Attributes.ModTime; want != nil && !batched.ModTime.Equal(single.ModTime) {
			f.Errorf("PutBatch returns the time %v, and Put %v, want %v", batched.ModTime, single.ModTime, want)
		}
	}
}

func putBatchSmall(f fixture) {
	f.tryBatch(f.Context())
	f.isEmpty()
	f.putBatch(written("one", []byte("1")))
	f.putBatch(written("d/largest", content(1, tranship.MaxBatchBytes)))
	f.putBatch(written("large", content(2, tranship.MaxBatchBytes-1)), written("small", []byte("1")))
}

func putBatchReplaces(f fixture) {
	versions := make(map[string]bool)
	for seed := range byte(3) {
		var items []tranship.PutItem
		for i := range byte(4) {
			items = append(items, written(fmt.Sprint("d/", i), content(10*seed+i, 100)))
		}
		for _, file := range f.putBatch(items...) {
			if versions[file.Version] {
				f.Fatalf("version %s came twice", file.Version)
			}
			versions[file.Version] = true
		}
	}
	f.lists(tranship.ListOptions{Directory: "d"}, "d/0", "d/1", "d/2", "d/3")
}

func putBatchMany(f fixture) {
	var items []tranship.PutItem
	for i := range 700 {
		path := fmt.Sprintf("%d/%d/%d", i%7, i%3, i)
		items = append(items, written(path, []byte(path)))
	}
	f.putBatch(items...)
}

// putBatchFailures puts items that fail for different reasons between others.
func putBatchFailures(f fixture) {
	kept := f.put("kept", []byte("kept"))
	f.put("d/file", []byte("kept"))
	matched := f.put("matched", []byte("old"))
	failing := []struct {
		item tranship.PutItem
		want error
	}{
		{tranship.PutItem{Spec: tranship.Spec{Path: "checksum", CRC32C: new(uint32(1))}, Data: []byte("data")}, tranship.ErrIntegrity},
		{tranship.PutItem{Spec: tranship.Spec{Path: "size", Size: new(int64(5))}, Data: []byte("data")}, tranship.ErrInvalid},
		{written("../up", []byte("data")), tranship.ErrInvalid},
		{written("", []byte("data")), tranship.ErrInvalid},
		{tranship.PutItem{Spec: tranship.Spec{Path: "mode", Attributes: tranship.Attributes{Mode: new(fs.FileMode(0o1777))}}}, tranship.ErrInvalid},
		{written("d", []byte("in the way of a directory")), tranship.ErrExists},
		{written("kept/below", []byte("below a file")), tranship.ErrExists},
		{tranship.PutItem{Spec: tranship.Spec{Path: "kept", Precondition: mustNotExist()}}, tranship.ErrExists},
		{tranship.PutItem{Spec: tranship.Spec{Path: "d/file", Precondition: mustMatch("other")}}, tranship.ErrPrecondition},
		{tranship.PutItem{Spec: tranship.Spec{Path: "none", Precondition: mustMatch("other")}}, tranship.ErrPrecondition},
	}
	var items []tranship.PutItem
	for i, failed := range failing {
		items = append(items, written(fmt.Sprint("good/", i), []byte{byte(i)}), failed.item)
	}
	items = append(items, tranship.PutItem{Spec: tranship.Spec{Path: "matched", Precondition: mustMatch(matched.Version)}, Data: []byte("new")})
	results := f.tryBatch(f.Context(), items...)
	for i, result := range results {
		path := items[i].Spec.Path
		switch {
		case i%2 == 0 && result.Err != nil:
			f.Fatalf("PutBatch of %s beside items that fail: %v", path, result.Err)
		case i%2 == 0:
			f.sameFile(f.has(path, items[i].Data), result.File)
		case result.File.Path != "":
			f.Errorf("the put of %q fails, and has the file %+v", path, result.File)
		default:
			f.fails("PutBatch of "+path, result.Err, failing[i/2].want)
		}
	}
	f.lists(tranship.ListOptions{}, "d/", "good/", "kept", "matched")
	f.lists(tranship.ListOptions{Directory: "d"}, "d/file")
	f.sameFile(f.has("kept", []byte("kept")), kept)
}

// putBatchTooLarge puts items that are too large for any put. The contract lets a store refuse
// items after them.
func putBatchTooLarge(f fixture) {
	large := make([]byte, tranship.MaxPutBytes+1)
	results := f.tryBatch(f.Context(), written("first", []byte("1")), written("large", large), written("last", []byte("2")))
	if results[0].Err != nil {
		f.Errorf("PutBatch of the first item: %v", results[0].Err)
	}
	f.fails("PutBatch of a large item", results[1].Err, tranship.ErrLimit)
	f.hasNot("large")
	f.storedOrTooMuch(results[2], written("last", []byte("2")))
	f.fails("PutBatch of a large item alone", f.tryBatch(f.Context(), written("large", large))[0].Err, tranship.ErrLimit)
	f.hasNot("large")
}

// storedOrTooMuch checks an item of a batch of more than MaxBatchBytes: it is stored, or
// failed with ErrLimit and is not.
func (f fixture) storedOrTooMuch(result tranship.PutResult, item tranship.PutItem) {
	f.Helper()
	if result.Err == nil {
		f.sameFile(f.has(item.Spec.Path, item.Data), result.File)
		return
	}
	f.fails("PutBatch of too much", result.Err, tranship.ErrLimit)
	f.hasNot(item.Spec.Path)
}

func putBatchTooMuch(f fixture) {
	var items []tranship.PutItem
	for i := range byte(5) {
		items = append(items, written(fmt.Sprint("d/", i), content(i, tranship.MaxBatchBytes/2)))
	}
	results := f.tryBatch(f.Context(), items...)
	if results[0].Err != nil || results[1].Err != nil {
		f.Fatalf("PutBatch of the first items of too many: %v, %v", results[0].Err, results[1].Err)
	}
	for i, result := range results {
		f.storedOrTooMuch(result, items[i])
	}
}

func putBatchTwice(f fixture) {
	results := f.tryBatch(f.Context(), written("a", []byte("1")), written("b", []byte("other")), written("a", []byte("2")))
	for i, result := range results {
		if result.Err != nil {
			f.Fatalf("PutBatch with the same path twice, item %d: %v", i, result.Err)
		}
	}
	f.has("b", []byte("other"))
	last := 2
	if f.stat("a").Version == results[0].File.Version {
		last = 0
	}
	f.sameFile(f.has("a", []byte{"1 2"[last]}), results[last].File)

	var once []tranship.PutItem
	for i := range byte(5) {
		once = append(once, tranship.PutItem{Spec: tranship.Spec{Path: "d/once", Precondition: mustNotExist()}, Data: []byte{i}})
	}
	errs := make([]error, len(once))
	for i, result := range f.tryBatch(f.Context(), once...) {
		errs[i] = result.Err
	}
	f.has("d/once", []byte{byte(f.onlyWinner(errs, tranship.ErrExists))})
}

// putBatchItems changes what it has passed to the store, and what it got from it.
func putBatchItems(f fixture) {
	metadata := map[string]string{"key": "value"}
	items := []tranship.PutItem{written("a", []byte("data of a")), written("b", []byte("data of b"))}
	items[1].Spec.Attributes.Metadata = metadata
	results := ability[tranship.BatchPutter](f, f.store).PutBatch(f.Context(), items)
	if err := errors.Join(results[0].Err, results[1].Err); err != nil {
		f.Fatalf("PutBatch: %v", err)
	}
	for i, path := range []string{"a", "b"} {
		if items[i].Spec.Path != path || items[i].Spec.Owner != "" || string(items[i].Data) != "data of "+path {
			f.Errorf("PutBatch has changed item %d to %+v", i, items[i])
		}
		clobber(items[i].Data)
	}
	metadata["key"] = "changed"
	f.has("a", []byte("data of a"))
	results[1].File.Metadata["key"] = "changed"
	if file := f.has("b", []byte("data of b")); file.Metadata["key"] != "value" {
		f.Errorf("metadata is %v, want the value at the time of PutBatch", file.Metadata)
	}
}

func putBatchContext(f fixture) {
	cancelled, cancel := context.WithCancel(f.Context())
	cancel()
	late, stop := context.WithDeadline(f.Context(), time.Unix(1, 0))
	defer stop()
	for ctx, want := range map[context.Context]error{cancelled: context.Canceled, late: context.DeadlineExceeded} {
		for _, result := range f.tryBatch(ctx, written("a", []byte("1")), written("d/b", []byte("2"))) {
			f.fails("PutBatch in a context that has ended", result.Err, want)
		}
	}
	f.isEmpty()
}
