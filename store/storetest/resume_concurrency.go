package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/tranship/tranship"
)

func resumeConcurrencyTests() []test {
	return []test{
		{"resumed several times at once", raceToResume},
		{"resumed beside its commit", resumeBesideCommit},
		{"aborted beside its commit", abortBesideCommit},
		{"many uploads", manyUploads},
		{"its path is used meanwhile", pathUsedMeanwhile},
		{"parts and syncs at once", partsAndSyncs},
	}
}

// raceToResume resumes one upload from several goroutines. Each upload that was overtaken
// must fail, and the last one must succeed.
func raceToResume(f fixture) {
	data := f.parted(1)
	for round := range 4 {
		spec := resumable(fmt.Sprint("file", round), "key", data)
		older := f.kept(spec, data, 1)
		var mu sync.Mutex
		var epochs []uint64
		var files []tranship.File
		errs := together(racers, func(int) error {
			upload, err := f.store.Begin(f.Context(), spec)
			if err != nil {
				return err
			}
			file, err := finish(f.Context(), upload, data)
			mu.Lock()
			defer mu.Unlock()
			epochs = append(epochs, upload.Epoch())
			if err != nil {
				return errors.Join(err, upload.Detach(f.Context()))
			}
			files = append(files, file)
			return nil
		})
		for _, err := range errs {
			f.abortedOrNil("what one resumed since met", err)
		}
		if len(files) == 0 {
			f.Fatalf("no writer finished the upload: %v", errors.Join(errs...))
		}
		want := f.has(spec.Path, data)
		for _, file := range files {
			f.sameFile(file, want)
		}
		slices.Sort(epochs)
		if len(slices.Compact(epochs)) != racers || epochs[0] <= older.Epoch() {
			f.Fatalf("epochs are %d, all after %d, want all to differ", epochs, older.Epoch())
		}
	}
	f.hasUploads("")
}

// resumeBesideCommit resumes an upload while it is committed. One of the two commits makes
// the file, and no caller gets a success for a commit that made none.
func resumeBesideCommit(f fixture) {
	data := f.parted(1)
	for round := range 10 {
		spec := resumable(fmt.Sprint("file", round), "key", data)
		older := f.beginNew(spec)
		f.writeParts(older, data, 0, 1, 2)
		f.sync(older)
		var files [2]tranship.File
		errs := together(2, func(i int) (err error) {
			if i == 0 {
				files[i], err = commit(f.Context(), older, data)
				return err
			}
			newer, err := f.store.Begin(f.Context(), spec)
			if err == nil {
				files[i], err = finish(f.Context(), newer, data)
			}
			return err
		})
		if errs[1] != nil {
			f.Fatalf("the newer upload: %v", errs[1])
		}
		f.sameFile(f.has(spec.Path, data), files[1])
		if !f.abortedOrNil("Commit beside a resume", errs[0]) {
			f.sameFile(files[0], files[1])
		}
	}
	f.hasUploads("")
}

func abortBesideCommit(f fixture) {
	data := content(1, 1000)
	for round := range 20 {
		spec := resumable(fmt.Sprint("file", round), "key", data)
		upload := f.beginNew(spec)
		f.writePart(upload, 0, data)
		errs := together(2, func(i int) error {
			if i == 0 {
				_, err := commit(f.Context(), upload, data)
				return err
			}
			return f.store.AbortUpload(f.Context(), upload.ID())
		})
		switch {
		case errs[0] == nil:
			f.fails("AbortUpload of what was committed", errs[1], tranship.ErrNotFound)
			f.has(spec.Path, data)
		case errs[1] == nil:
			f.endedError("Commit of what was aborted", errs[0])
			f.hasNot(spec.Path)
		default:
			f.Fatalf("neither: commit %v, abort %v", errs[0], errs[1])
		}
	}
	f.hasUploads("")
}

// manyUploads detaches and resumes many uploads at once.
func manyUploads(f fixture) {
	const many = 64
	errs := together(many, func(i int) error {
		data := content(byte(i), 20_000)
		spec := resumable(fmt.Sprintf("d%d/file%d", i%8, i), fmt.Sprint("key", i%3), data)
		upload, err := f.store.Begin(f.Context(), spec)
		if err != nil {
			return err
		}
		all := pieces(upload, data)
		for n := 0; n < len(all); n += 2 {
			if err := writePart(f.Context(), upload, n, all[n]); err != nil {
				return err
			}
		}
		if i%4 == 0 {
			if err := upload.Sync(f.Context()); err != nil {
				return err
			}
		}
		if i%2 == 0 {
			if err := upload.Detach(f.Context()); err != nil {
				return err
			}
		}
		again, err := f.store.Begin(f.Context(), spec)
		if err != nil {
			return err
		}
		if again.ID() != upload.ID() || again.Epoch() != 2 {
			return fmt.Errorf("%s was not resumed: epoch %d", spec.Path, again.Epoch())
		}
		_, err = finish(f.Context(), again, data)
		return err
	})
	if err := errors.Join(errs...); err != nil {
		f.Fatal(err)
	}
	for i := range many {
		f.has(fmt.Sprintf("d%d/file%d", i%8, i), content(byte(i), 20_000))
	}
	f.hasUploads("")
}

// pathUsedMeanwhile replaces, reads, moves and removes the file at the path of an upload, and
// so its directory.
func pathUsedMeanwhile(f fixture) {
	data, other := f.parted(1), content(2, 1000)
	spec := resumable("d/e/file", "key", data)
	upload := f.beginNew(spec)
	f.put("d/e/file", other)
	errs := together(2, func(i int) error {
		for round := range 12 {
			if i == 0 {
				n := round % 3
				if err := writePart(f.Context(), upload, n, pieces(upload, data)[n]); err != nil {
					return err
				}
				if err := upload.Sync(f.Context()); err != nil {
					return err
				}
				continue
			}
			if _, got, err := get(f.Context(), f.store, "d/e/file"); err != nil || !slices.Equal(got, other) {
				return fmt.Errorf("reading meanwhile: %d bytes, %w", len(got), err)
			}
			if _, err := f.store.Move(f.Context(), "d/e/file", "moved", tranship.Precondition{}); err != nil {
				return err
			}
			if err := f.store.Remove(f.Context(), "moved", tranship.Precondition{}); err != nil {
				return err
			}
			if _, err := f.store.Put(f.Context(), tranship.Spec{Path: "d/e/file"}, other); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		f.Fatal(err)
	}
	f.isDurable(upload, data, 0, 1, 2)
	f.detach(upload)
	f.has("d/e/file", other)
	f.remove("d/e/file")
	f.put("d", other) // where the directory was
	f.remove("d")

	upload = f.resume(upload, spec)
	f.isDurable(upload, data, 0, 1, 2)
	f.finish(upload, data)
}

// partsAndSyncs calls Durable while parts are written and synced.
func partsAndSyncs(f fixture) {
	data := f.parted(1)
	spec := resumable("file", "key", data)
	upload := f.beginNew(spec)
	all := pieces(upload, data)
	errs := together(2*len(all), func(i int) error {
		for range 4 {
			if _, err := durable(upload, data); err != nil {
				return err
			}
			if i >= len(all) {
				if err := upload.Sync(f.Context()); err != nil {
					return err
				}
				continue
			}
			if err := writePart(f.Context(), upload, i, all[i]); err != nil {
				return err
			}
			if err := upload.Sync(f.Context()); err != nil {
				return err
			}
			there, err := durable(upload, data)
			if err != nil {
				return err
			}
			if !slices.Contains(there, i) {
				return fmt.Errorf("part %d was synced; durable are %v", i, there)
			}
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		f.Fatal(err)
	}
	f.isDurable(upload, data, 0, 1, 2)
	f.commit(upload, data)
	f.has("file", data)
}
