package storetest

import (
	"io/fs"
	"maps"

	"github.com/tranship/tranship"
)

// filesCount checks the accounts of files after changes of all kinds, and in a store that was
// opened again.
func filesCount(f accountFixture, reopen func() tranship.Store) {
	ann, ben := f.as("ann"), f.as("ben")
	f.must(f.tryPut(f.Context(), "none"))
	f.must(f.tryPut(ann, "d/ann"))
	f.must(f.tryPut(f.as(""), "anonymous"))
	data := f.parted(1)
	for key, of := range map[string]string{"": "ann", "key": "ben"} {
		for n, size := range []int{0, 1, len(data)} {
			spec := tranship.Spec{Path: of + "/upload" + string(rune('0'+n)), Size: new(int64(size)), ResumeKey: key}
			upload, err := f.store.Begin(ben, spec)
			f.must(err)
			for i, piece := range pieces(upload, data[:size]) {
				f.writePart(upload, i, piece)
			}
			_, err = upload.Commit(f.as(of), tranship.Commit{Size: int64(size)})
			f.must(err)
		}
	}
	_, err := f.store.Copy(ben, "d/ann", "copy", tranship.Precondition{})
	f.must(err)
	_, err = f.store.Copy(f.Context(), "ann/upload2", "copy of none", tranship.Precondition{})
	f.must(err)
	_, err = f.store.Move(ben, "ann/upload2", "moved", tranship.Precondition{})
	f.must(err)
	_, err = f.store.SetAttributes(ben, "moved", tranship.Attributes{Mode: new(fs.FileMode(0o600))}, tranship.Precondition{})
	f.must(err)
	f.must(f.tryPut(ann, "replaced"))
	f.must(f.tryPut(ben, "replaced"))
	f.must(f.tryPut(ann, "removed"))
	f.remove("removed")
	want := map[string]string{
		"none": "", "d/ann": "=ann", "anonymous": "=", "ann/upload0": "=ann", "ann/upload1": "=ann", "moved": "=ann",
		"ben/upload0": "=ben", "ben/upload1": "=ben", "ben/upload2": "=ben", "copy": "=ben", "copy of none": "", "replaced": "=ben",
	}
	for range 2 {
		got := make(map[string]string)
		for entry, err := range f.keeper.Accounts(f.Context()) {
			f.must(err)
			if entry.IsDir {
				continue
			}
			got[entry.Path] = accountText(entry)
			file, err := f.store.Stat(f.Context(), entry.Path)
			f.must(err)
			alone, err := f.keeper.Account(f.Context(), entry.Path)
			f.must(err)
			if entry.Size != file.Size || alone.Size != file.Size || alone.Path != entry.Path || accountText(alone) != accountText(entry) {
				f.Errorf("the account of %s is %+v, and in the list %+v", entry.Path, alone, entry)
			}
		}
		if !maps.Equal(got, want) {
			f.Errorf("the accounts are %v, want %v", got, want)
		}
		for _, path := range []string{"removed", "d", "nothing"} {
			_, err := f.keeper.Account(f.Context(), path)
			f.fails("Account of "+path, err, tranship.ErrNotFound)
		}
		f.store = reopen()
		f.keeper, _ = tranship.As[tranship.AccountKeeper](f.store)
	}
}

// accountText is "" for no account, and the name after '=' otherwise.
func accountText(entry tranship.AccountEntry) string {
	if entry.Account == nil {
		return ""
	}
	return "=" + *entry.Account
}

// makesNoDirectories checks that no directory counts.
func makesNoDirectories(f accountFixture, _ func() tranship.Store) {
	ann := f.as("ann")
	f.books.most = 0
	f.must(f.tryPut(ann, "a/b/c/file"))
	f.must(f.tryUpload(ann, "a/d/file"))
	f.count(map[string]int{})
	if n, err := f.keeper.MissingDirectories(f.Context(), "x/y/file"); err != nil || n != 0 {
		f.Errorf("MissingDirectories is %d, %v, want 0", n, err)
	}
	f.removeAll()
}
