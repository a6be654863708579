package storetest

import "github.com/tranship/tranship"

// batchesCount puts batches for an account, which may not make all of their directories.
func batchesCount(f accountFixture) {
	ability[tranship.BatchPutter](f.fixture, f.store)
	ann := f.as("ann")
	f.books.most = 3
	data := []byte("data")
	good := []tranship.PutItem{written("a/b/1", data), written("c/1", data), written("a/b/2", data), written("top", data)}
	for i, result := range f.tryBatch(ann, good...) {
		f.must(result.Err)
		entry, err := f.keeper.Account(f.Context(), good[i].Spec.Path)
		f.must(err)
		if entry.Account == nil || *entry.Account != "ann" || entry.Size != int64(len(data)) {
			f.Errorf("the account of %s is %+v", good[i].Spec.Path, entry)
		}
	}
	f.count(map[string]int{"ann": 3})
	results := f.tryBatch(ann, written("a/3", data), written("x/y", data), written("top/below", data), written("c/2", data))
	f.must(results[0].Err)
	f.fails("PutBatch into too many directories", results[1].Err, tranship.ErrQuota)
	f.fails("PutBatch below a file", results[2].Err, tranship.ErrExists)
	f.must(results[3].Err)
	f.count(map[string]int{"ann": 3})
	if n, err := f.keeper.MissingDirectories(f.Context(), "x/y"); err != nil || n != 1 {
		f.Errorf("a directory was left: %d are missing, %v", n, err)
	}
	f.removeAll()
}
