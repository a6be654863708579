package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/tranship/tranship"
)

func concurrencyTests() []test {
	return []test{
		{"must not exist, put", raceToPut},
		{"must not exist, upload", raceToCommit},
		{"must match version", raceToCount},
		{"uploads of one path", raceOfUploads},
		{"a file against one below it", raceAboveBelow},
		{"directories come and go", raceOfDirectories},
		{"readers see whole versions", readersSeeWhole},
		{"move away once", raceToMove},
		{"commit once", raceToCommitOnce},
	}
}

// racers is the number of goroutines that compete in each race.
const racers = 8

// onlyWinner returns the index of the only goroutine that succeeded. The others must have
// failed with target.
func (f fixture) onlyWinner(errs []error, target error) int {
	f.Helper()
	winner := -1
	for i, err := range errs {
		if err != nil {
			f.fails("what a loser of the race met", err, target)
			continue
		}
		if winner >= 0 {
			f.Fatalf("both %d and %d won", winner, i)
		}
		winner = i
	}
	if winner < 0 {
		f.Fatalf("no writer succeeded")
	}
	return winner
}

func raceToPut(f fixture) {
	for round := range 10 {
		path := fmt.Sprintf("d%d/file", round)
		errs := together(racers, func(i int) error {
			_, err := f.store.Put(f.Context(), tranship.Spec{Path: path, Precondition: mustNotExist()}, content(byte(i), 1000))
			return err
		})
		f.has(path, content(byte(f.onlyWinner(errs, tranship.ErrExists)), 1000))
	}
}

func raceToCommit(f fixture) {
	for round := range 5 {
		path := fmt.Sprintf("d%d/file", round)
		uploads := make([]tranship.Upload, racers)
		for i := range uploads {
			uploads[i] = f.begin(tranship.Spec{Path: path, Precondition: mustNotExist()})
			f.writePart(uploads[i], 0, content(byte(i), 1000))
		}
		errs := together(racers, func(i int) error {
			_, err := commit(f.Context(), uploads[i], content(byte(i), 1000))
			return err
		})
		f.has(path, content(byte(f.onlyWinner(errs, tranship.ErrExists)), 1000))
	}
}

// raceToCount increments a number in a file by compare-and-swap.
func raceToCount(f fixture) {
	const each = 5
	f.put("count", []byte("0"))
	errs := together(racers, func(int) error {
		for done := 0; done < each; {
			file, data, err := get(f.Context(), f.store, "count")
			if err != nil {
				return err
			}
			count, err := strconv.Atoi(string(data))
			if err != nil {
				return err
			}
			_, err = f.store.Put(f.Context(), tranship.Spec{Path: "count", Precondition: mustMatch(file.Version)}, []byte(strconv.Itoa(count+1)))
			if err == nil {
				done++
			} else if !errors.Is(err, tranship.ErrPrecondition) {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		f.Fatal(err)
	}
	f.has("count", []byte(strconv.Itoa(racers*each)))
}

func raceOfUploads(f fixture) {
	const size = 300_000
	errs := together(4, func(i int) error {
		upload, err := f.store.Begin(f.Context(), tranship.Spec{Path: "file"})
		if err != nil {
			return err
		}
		data := content(byte(i), size)
		for n, part := range parts(upload, data) {
			if err := writePart(f.Context(), upload, n, part); err != nil {
				return err
			}
		}
		_, err = commit(f.Context(), upload, data)
		return err
	})
	if err := errors.Join(errs...); err != nil {
		f.Fatal(err)
	}
	_, got := f.read("file", tranship.OpenOptions{})
	for i := range byte(4) {
		if bytes.Equal(got, content(i, size)) {
			f.has("file", content(i, size))
			return
		}
	}
	f.Fatalf("the file has %d bytes that are no upload's", len(got))
}

func raceAboveBelow(f fixture) {
	paths := []string{"a", "a/b", "a/b/c"}
	for range 20 {
		errs := together(len(paths), func(i int) error {
			_, err := f.store.Put(f.Context(), tranship.Spec{Path: paths[i]}, []byte(paths[i]))
			return err
		})
		winner := paths[f.onlyWinner(errs, tranship.ErrExists)]
		f.lists(tranship.ListOptions{Recursive: true}, winner)
		f.has(winner, []byte(winner))
		f.remove(winner)
		f.isEmpty()
	}
}

// raceOfDirectories makes and removes files of one directory at once, so that the directory
// itself is made and removed while other goroutines use it.
func raceOfDirectories(f fixture) {
	f.needs(NoMove, NoCopy)
	errs := together(racers, func(i int) error {
		path, aside := fmt.Sprintf("d/e/%d", i), fmt.Sprintf("d/f/%d", i)
		none := tranship.Precondition{}
		for range 10 {
			if _, err := f.store.Put(f.Context(), tranship.Spec{Path: path}, []byte(path)); err != nil {
				return err
			}
			if _, err := f.store.Move(f.Context(), path, aside, none); err != nil {
				return err
			}
			if _, err := f.store.Copy(f.Context(), aside, path, none); err != nil {
				return err
			}
			if _, data, err := get(f.Context(), f.store, path); err != nil || string(data) != path {
				return fmt.Errorf("reading back %s: %q, %v", path, data, err)
			}
			if err := f.store.Remove(f.Context(), aside, none); err != nil {
				return err
			}
			if err := f.store.Remove(f.Context(), path, none); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		f.Fatal(err)
	}
	f.isEmpty()
}

// readersSeeWhole reads a file while it is replaced by versions of other lengths.
func readersSeeWhole(f fixture) {
	version := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, 1000*(1+i%7)) }
	f.put("file", version(0))
	const rounds = 30
	errs := together(4, func(i int) error {
		for round := range rounds {
			if i == 0 {
				if _, err := f.store.Put(f.Context(), tranship.Spec{Path: "file"}, version(round)); err != nil {
					return err
				}
				continue
			}
			file, data, err := get(f.Context(), f.store, "file")
			if err != nil {
				return err
			}
			if len(data) == 0 || !bytes.Equal(data, version(int(data[0]))) || file.Size != int64(len(data)) {
				return fmt.Errorf("read %d bytes of a file of %d, which are no version", len(data), file.Size)
			}
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		f.Fatal(err)
	}
}

func raceToMove(f fixture) {
	f.needs(NoMove)
	for range 10 {
		f.put("from/file", []byte("moved"))
		errs := together(racers, func(i int) error {
			_, err := f.store.Move(f.Context(), "from/file", fmt.Sprintf("to/%d", i), tranship.Precondition{})
			return err
		})
		winner := fmt.Sprintf("to/%d", f.onlyWinner(errs, tranship.ErrNotFound))
		f.lists(tranship.ListOptions{Recursive: true}, winner)
		f.has(winner, []byte("moved"))
		f.remove(winner)
	}
}

// raceToCommitOnce commits one upload several times at once. All but one may fail, but only
// one version is made.
func raceToCommitOnce(f fixture) {
	data := content(1, 1000)
	upload := f.begin(tranship.Spec{Path: "file"})
	f.writePart(upload, 0, data)
	files := make([]tranship.File, racers)
	errs := together(racers, func(i int) (err error) {
		files[i], err = commit(f.Context(), upload, data)
		return err
	})
	want := f.has("file", data)
	won := false
	for i, err := range errs {
		if err != nil {
			f.endedError("a Commit beside another", err)
			continue
		}
		f.sameFile(files[i], want)
		won = true
	}
	if !won {
		f.Fatalf("no Commit succeeded")
	}
}
