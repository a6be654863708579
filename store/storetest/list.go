package storetest

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/tranship/tranship"
)

func listTests() []test {
	return []test{
		{"every option", listOptions},
		{"nothing", listNothing},
		{"entries", listEntries},
		{"nothing left out", listNothingLeftOut},
		{"thousands", listThousands},
		{"stopped early", listStopped},
		{"while files come and go", listWhileChanging},
	}
}

// tree returns paths whose directories do not sort as their names do: '-' and '.' sort before
// '/', '0' and letters after it.
func tree() []string {
	return []string{
		"a-b", "a.txt", "a/x", "a/y/1", "a/y/2", "a/y-", "a/y.z", "a/z", "a0", "aa/b",
		"b/only/deep/file", "c", "c c/x", "c+", "d/.x", "d/..x", "d/\u00e9", "d/z", "é/x", "\U0001F600", "\uffee",
	}
}

// listed returns the keys that a list must have, computed as the documentation says.
func listed(paths []string, options tranship.ListOptions) []string {
	keys := []string{}
	for _, path := range paths {
		rest := path
		if options.Directory != "" {
			var below bool
			if rest, below = strings.CutPrefix(path, options.Directory+"/"); !below {
				continue
			}
		}
		key := path
		if name, _, deeper := strings.Cut(rest, "/"); deeper && !options.Recursive {
			key = strings.TrimSuffix(path, rest) + name + "/"
		}
		if options.StartAfter == "" || key > options.StartAfter {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// listOptions compares lists of every directory, recursive and not, that start after each
// key.
func listOptions(f fixture) {
	paths := tree()
	for _, path := range paths {
		f.put(path, []byte(path))
	}
	starts := []string{"", "!", "a", "a/", "a/y", "a/y/", "a/y/1/x", "a/x/y", "aa", "b/", "b/only/", "d", "zzz", "\U0010ffff"}
	for _, recursive := range []bool{false, true} {
		starts = append(starts, listed(paths, tranship.ListOptions{Recursive: recursive})...)
	}
	for _, directory := range []string{"", "a", "a/y", "aa", "b", "b/only/deep", "c", "c c", "d", "none", "a/none"} {
		for _, recursive := range []bool{false, true} {
			for _, start := range starts {
				options := tranship.ListOptions{Directory: directory, Recursive: recursive, StartAfter: start}
				f.lists(options, listed(paths, options)...)
			}
		}
	}
}

func listNothing(f fixture) {
	for _, recursive := range []bool{false, true} {
		f.lists(tranship.ListOptions{Recursive: recursive})
		f.lists(tranship.ListOptions{Recursive: recursive, Directory: "none"})
		f.lists(tranship.ListOptions{Recursive: recursive, Directory: "none/below"})
		f.lists(tranship.ListOptions{Recursive: recursive, StartAfter: "x"})
	}
	f.put("d/file", nil)
	f.remove("d/file")
	f.isEmpty()
	f.lists(tranship.ListOptions{Directory: "d"})
}

func listEntries(f fixture) {
	attributes := tranship.Attributes{Mode: new(fs.FileMode(0o640)), Metadata: map[string]string{"key": "value"}}
	f.putSpec(tranship.Spec{Path: "d/file", Attributes: attributes}, []byte("data"))
	f.upload(tranship.Spec{Path: "uploaded", Attributes: attributes}, []byte("uploaded"))
	f.put("empty", nil)
	for _, recursive := range []bool{false, true} {
		for entry, err := range f.store.List(f.Context(), tranship.ListOptions{Recursive: recursive}) {
			if err != nil {
				f.Fatalf("List: %v", err)
			}
			if entry.Path == "d" && !recursive {
				if !entry.IsDir || entry.Size != 0 || entry.Version != "" || entry.Metadata != nil || entry.CRC32C != nil {
					f.Errorf("a directory is listed as %+v, want its path alone", entry)
				}
				continue
			}
			if entry.IsDir {
				f.Errorf("%q is listed as a directory", entry.Path)
			}
			f.sameFile(entry.File, f.stat(entry.Path))
		}
	}
	listBrief(f)
}

// listBrief compares brief lists with whole ones.
func listBrief(f fixture) {
	for _, recursive := range []bool{false, true} {
		var want []tranship.Entry
		for entry, err := range f.store.List(f.Context(), tranship.ListOptions{Recursive: recursive}) {
			if err != nil {
				f.Fatalf("List: %v", err)
			}
			want = append(want, entry)
		}
		for entry, err := range f.store.List(f.Context(), tranship.ListOptions{Recursive: recursive, Brief: true}) {
			if err != nil || len(want) == 0 {
				f.Fatalf("a brief list has %q more than a whole one, or fails: %v", entry.Path, err)
			}
			whole := want[0]
			want = want[1:]
			if entry.Key() != whole.Key() || entry.Size != whole.Size || !entry.ModTime.Equal(whole.ModTime) || entry.ModTimeUnit != whole.ModTimeUnit {
				f.Errorf("a brief list has %+v, want path, size and time of %+v", entry, whole)
			}
		}
		if len(want) > 0 {
			f.Errorf("a brief list does not have %q", want[0].Path)
		}
	}
}

// listThousands lists more entries than a store or a server fetches at once, in one list and
// page by page.
func listThousands(f fixture) {
	const count = 2500
	paths := make([]string, count)
	for i := range paths {
		switch {
		case i < 1200:
			paths[i] = fmt.Sprintf("flat/%04d", i)
		case i < 2300: // a directory each
			paths[i] = fmt.Sprintf("wide/%d/file", i)
		default:
			paths[i] = fmt.Sprintf("wide/%d.txt", i-1000)
		}
	}
	const writers = 10
	for _, err := range together(writers, func(writer int) error {
		for i := writer; i < count; i += writers {
			spec := tranship.Spec{Path: paths[i], Durability: tranship.DurabilityWritten}
			if _, err := f.store.Put(f.Context(), spec, nil); err != nil {
				return err
			}
		}
		return nil
	}) {
		if err != nil {
			f.Fatalf("Put: %v", err)
		}
	}
	for _, options := range []tranship.ListOptions{{Recursive: true}, {Directory: "flat"}, {Directory: "wide"}} {
		want := listed(paths, options)
		f.lists(options, want...)
		for _, page := range []int{101, 1000} {
			f.listsInPages(options, page, want)
		}
	}
}

// listsInPages lists page by page, each from after the last entry of the page before.
func (f fixture) listsInPages(options tranship.ListOptions, page int, want []string) {
	f.Helper()
	var got []string
	for len(got) <= len(want) { // a list that repeats itself would never end
		before := len(got)
		for entry, err := range f.store.List(f.Context(), options) {
			if err != nil {
				f.Fatalf("List(%+v): %v", options, err)
			}
			got = append(got, entry.Key())
			if len(got)-before == page {
				break
			}
		}
		if len(got) == before {
			break
		}
		options.StartAfter = got[len(got)-1]
	}
	if !slices.Equal(got, want) {
		f.Fatalf("pages of %d make %d entries, which are not the %d of one list", page, len(got), len(want))
	}
}

func listStopped(f fixture) {
	paths := tree()
	for _, path := range paths {
		f.put(path, nil)
	}
	for stop := range 50 {
		seen := 0
		for _, err := range f.store.List(f.Context(), tranship.ListOptions{Recursive: true}) {
			if err != nil {
				f.Fatalf("List: %v", err)
			}
			if seen++; seen > stop%5 {
				break
			}
		}
	}
	options := tranship.ListOptions{Recursive: true}
	f.lists(options, listed(paths, options)...)
}

// listWhileChanging changes the store inside the loop. The list must neither block nor lose a
// file that stays.
func listWhileChanging(f fixture) {
	for i := range 20 {
		f.put(fmt.Sprintf("d%02d/stays", i), nil)
		f.put(fmt.Sprintf("d%02d/goes", i), nil)
	}
	stays, i := 0, 0
	for entry, err := range f.store.List(f.Context(), tranship.ListOptions{Recursive: true}) {
		if err != nil {
			f.Fatalf("List: %v", err)
		}
		if strings.HasSuffix(entry.Path, "/stays") {
			stays++
		}
		if i < 20 {
			f.remove(fmt.Sprintf("d%02d/goes", i))
			f.put(fmt.Sprintf("e%02d/comes", i), nil)
		}
		i++
	}
	if stays != 20 {
		f.Fatalf("the list has %d of 20 files that were there all the time", stays)
	}
}

// listNothingLeftOut asks for reports where there is nothing to report.
func listNothingLeftOut(f fixture) {
	paths := tree()
	for _, path := range paths {
		f.put(path, nil)
	}
	for _, recursive := range []bool{false, true} {
		for _, directory := range []string{"", "a", "none", "c"} {
			options := tranship.ListOptions{Directory: directory, Recursive: recursive, ReportSkipped: true}
			f.lists(options, listed(paths, options)...)
		}
	}
}
