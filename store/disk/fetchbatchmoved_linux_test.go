package disk

import (
	"errors"
	"os"
	"slices"
	"syscall"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// whileReading returns a system that calls do once, before or after it has read the content of the
// n-th file of a batch. It counts the files that are read in the short way.
func whileReading(n int, before bool, do func()) (_ system, read *int) {
	system := unsynced()
	read = new(int)
	system.pread = func(file rootfs.Descriptor, data []byte, offset int64) (int, error) {
		*read++
		now := *read == n
		if now && before {
			do()
		}
		m, err := file.ReadAt(data, offset)
		if now && !before {
			do()
		}
		return m, err
	}
	return system, read
}

// A directory is moved between two files of a batch, and another one, a link, a file or nothing
// takes its place. No file of the moved directory is returned.
func TestFetchBatchFromMovedDirectory(t *testing.T) {
	for _, directory := range []string{"a", "a/b", "a/b/c"} {
		for what, replace := range map[string]func(f fixture){
			"nothing": func(fixture) {},
			"directory": func(f fixture) {
				for _, name := range []string{"1", "3", "4"} {
					f.writeByHand(directory+"/"+name, "new/"+name)
				}
			},
			"link": func(f fixture) { f.symlink("moved", "a") },
			"file": func(f fixture) { f.writeByHand("a", "file") },
		} {
			t.Run(directory+" "+what, func(t *testing.T) {
				var f fixture
				system, _ := whileReading(3, true, func() {
					if err := os.Rename(f.at("a"), f.at("moved")); err != nil {
						t.Fatal(err)
					}
					replace(f)
				})
				f = newFixture(t, small, system)
				for _, name := range []string{"1", "2", "3", "4"} {
					f.put(directory+"/"+name, "old/"+name)
				}
				f.put("z/1", "old/1")
				var batch []tranship.FetchItem
				for _, path := range []string{directory + "/1", directory + "/2", directory + "/3", directory + "/4", "z/1"} {
					batch = append(batch, tranship.FetchItem{Path: path, Size: 5})
				}
				for i, result := range f.FetchBatch(t.Context(), batch) {
					switch {
					case i == 4:
						if result.Err != nil || string(result.Data) != "old/1" {
							t.Errorf("beside it: %q, %v", result.Data, result.Err)
						}
					case what == "directory" && i != 1:
						if name := batch[i].Path[len(directory)+1:]; result.Err != nil || string(result.Data) != "new/"+name {
							t.Errorf("%s: %q, %v", batch[i].Path, result.Data, result.Err)
						}
					default:
						f.fails(batch[i].Path, result.Err, tranship.ErrNotFound)
					}
				}
			})
		}
	}
}

// The state directory takes the place of a directory between two files of a batch.
func TestFetchBatchFromState(t *testing.T) {
	var f fixture
	system, _ := whileReading(2, true, func() {
		if err := errors.Join(os.Rename(f.at("a"), f.at("moved")), os.Rename(f.at(".tranship"), f.at("a"))); err != nil {
			t.Fatal(err)
		}
	})
	f = newFixture(t, small, system)
	paths := []string{"a/1", "a/2", "a/lock"}
	for _, path := range paths {
		f.put(path, path)
	}
	for i, result := range f.FetchBatch(t.Context(), append(fetches(paths...), tranship.FetchItem{Path: "a/lock"})) {
		if result.Err == nil {
			t.Errorf("item %d was read from the state directory", i)
		}
	}
	if err := os.Rename(f.at("a"), f.at(".tranship")); err != nil {
		t.Fatal(err)
	}
}

// Links, special files, directories, hidden files and other files take the places of files while
// one of a batch is read: of one that was opened, and of those that follow.
func TestFetchBatchOfReplacedFiles(t *testing.T) {
	var f fixture
	replace := func(path string, make func(name string) error) {
		name := f.at(path)
		if err := errors.Join(os.Remove(name), make(name)); err != nil {
			t.Fatal(err)
		}
	}
	system, read := whileReading(2, true, func() {
		replace("a/2", func(name string) error { return os.WriteFile(name, []byte("new"), 0o600) })
		replace("a/3", func(name string) error { return os.Symlink("../outside", name) })
		replace("a/4", func(name string) error { return syscall.Mkfifo(name, 0o600) })
		replace("a/5", func(name string) error { return os.Mkdir(name, 0o700) })
		replace("a/6", func(name string) error { return os.Link(f.at(".tranship/lock"), name) })
		replace("a/7", func(name string) error { return os.WriteFile(name, []byte("longer"), 0o600) })
		replace("a/8", func(name string) error { return os.WriteFile(name, []byte("new"), 0o600) })
	})
	f = newFixture(t, small, system)
	paths := []string{"a/1", "a/2", "a/3", "a/4", "a/5", "a/6", "a/7", "a/8", "a/9"}
	f.writeByHand("outside", "out")
	for _, path := range paths {
		f.put(path, path)
	}
	batch := fetches(paths...)
	lock, err := os.Stat(f.at(".tranship/lock"))
	if err != nil {
		t.Fatal(err)
	}
	batch[5].Size = lock.Size() // so that it would be read
	for i, result := range f.FetchBatch(t.Context(), batch) {
		want := batch[i].Path
		switch i {
		case 1, 7:
			want = "new"
		case 2, 3, 4, 5:
			f.fails(want, result.Err, tranship.ErrNotFound)
			continue
		case 6:
			if result.Err != nil || result.Data != nil || result.File.Size != 6 {
				t.Errorf("%s: %+v, %d bytes, %v", want, result.File, len(result.Data), result.Err)
			}
			continue
		}
		if result.Err != nil || string(result.Data) != want {
			t.Errorf("%s: %q, %v; want %q", batch[i].Path, result.Data, result.Err, want)
		}
	}
	if *read != 4 { // 1, 2, 8 and 9
		t.Errorf("%d files were read in the short way", *read)
	}
}

// A file changes before or after its content is read: its content in place, its length, its record
// or its time. What is returned is of one version.
func TestFetchBatchOfChangedFile(t *testing.T) {
	changes := map[string]func(f fixture) error{
		"content": func(f fixture) error { return os.WriteFile(f.at("a/2"), []byte("new"), 0) },
		"longer":  func(f fixture) error { return os.WriteFile(f.at("a/2"), []byte("longer"), 0) },
		"shorter": func(f fixture) error { return os.Truncate(f.at("a/2"), 1) },
		"removed": func(f fixture) error { return os.Remove(f.at("a/2")) },
		"mode":    func(f fixture) error { return os.Chmod(f.at("a/2"), 0o600) },
		"put": func(f fixture) error {
			_, err := f.Put(f.Context(), tranship.Spec{Path: "a/2"}, []byte("new"))
			return err
		},
		"attributes": func(f fixture) error {
			_, err := f.SetAttributes(f.Context(), "a/2", tranship.Attributes{Metadata: map[string]string{"key": "value"}}, tranship.Precondition{})
			return err
		},
	}
	for name, change := range changes {
		for _, byHand := range []bool{false, true} {
			for _, before := range []bool{false, true} {
				t.Run(name, func(t *testing.T) {
					var f fixture
					system, _ := whileReading(2, before, func() {
						if err := change(f); err != nil {
							t.Fatal(err)
						}
					})
					f = newFixture(t, small, system)
					if name == "attributes" && !f.attributes {
						t.Skip("the store keeps no metadata here")
					}
					for _, path := range []string{"a/1", "a/2", "a/3"} {
						if byHand {
							f.writeByHand(path, path)
						} else {
							f.put(path, path)
						}
					}
					results := f.FetchBatch(t.Context(), fetches("a/1", "a/2", "a/3"))
					for _, i := range []int{0, 2} {
						if results[i].Err != nil || string(results[i].Data) != fetches("a/1", "a/2", "a/3")[i].Path {
							t.Errorf("item %d: %q, %v", i, results[i].Data, results[i].Err)
						}
					}
					file, data, err := tranship.Fetch(t.Context(), f.Store, "a/2", 3)
					got := results[1]
					if err != nil {
						f.fails("fetch of the changed file", got.Err, tranship.ErrNotFound)
						return
					}
					if got.Err != nil || !slices.Equal(got.Data, data) || got.File.Version != file.Version || got.File.Mode != file.Mode || len(got.File.Metadata) != len(file.Metadata) {
						t.Errorf("%+v, %q, %v; want %+v, %q", got.File, got.Data, got.Err, file, data)
					}
				})
			}
		}
	}
}

// A read that fails, or ends early, is left to Open.
func TestFetchBatchOfUnreadableFile(t *testing.T) {
	for _, failed := range []error{nil, syscall.EIO} {
		real := unsynced()
		system, n := real, 0
		system.pread = func(file rootfs.Descriptor, data []byte, offset int64) (int, error) {
			if n++; n == 2 {
				return 0, failed
			}
			if len(data) > 1 {
				data = data[:1] // the rest comes with other calls
			}
			return real.pread(file, data, offset)
		}
		f := newFixture(t, small, system)
		batch := fetches("a/1", "a/2", "a/3")
		for _, item := range batch {
			f.put(item.Path, item.Path)
		}
		for i, result := range f.FetchBatch(t.Context(), batch) {
			if result.Err != nil || string(result.Data) != batch[i].Path {
				t.Errorf("%s: %q, %v", batch[i].Path, result.Data, result.Err)
			}
		}
	}
}
