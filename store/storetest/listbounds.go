package storetest

import (
	"slices"
	"strings"

	"github.com/tranship/tranship"
)

func listBoundTests() []test {
	return []test{
		{"prefix, start and end", listBounds},
		{"limit", listLimit},
		{"pages see changes", listPagesChanging},
		{"invalid bounds", listInvalidBounds},
	}
}

// within is what listed has within the bounds, by the documentation's own words.
func within(paths []string, options tranship.ListOptions) []string {
	keys := []string{}
	for _, key := range listed(paths, options) {
		if strings.HasPrefix(key, options.Prefix) && (options.EndBefore == "" || key < options.EndBefore) {
			keys = append(keys, key)
		}
	}
	if options.Limit > 0 {
		keys = keys[:min(len(keys), options.Limit)]
	}
	return keys
}

// listBounds lists with each prefix, and with each pair of a start and an end.
func listBounds(f fixture) {
	paths := tree()
	for _, path := range paths {
		f.put(path, []byte(path))
	}
	bounds := []string{"", "a", "a.", "a/", "a/y", "a/y/", "a/y/1", "aa/b", "b/only/d", "c ", "d/.", "é", "\U0001F600"}
	for _, directory := range []string{"", "a", "a/y", "b", "d", "none"} {
		for _, recursive := range []bool{false, true} {
			for _, bound := range bounds {
				for _, other := range bounds {
					for _, options := range []tranship.ListOptions{
						{Prefix: bound, StartAfter: other},
						{StartAfter: bound, EndBefore: other},
						{Prefix: bound, EndBefore: other},
					} {
						options.Directory, options.Recursive = directory, recursive
						f.lists(options, within(paths, options)...)
					}
				}
			}
		}
	}
}

// listLimit lists with limits, and page by page within bounds.
func listLimit(f fixture) {
	paths := tree()
	for _, path := range paths {
		f.put(path, nil)
	}
	for _, options := range []tranship.ListOptions{
		{},
		{Recursive: true},
		{Directory: "a"},
		{Directory: "a", Recursive: true},
		{Prefix: "a/", Recursive: true},
		{Prefix: "a", EndBefore: "a/y/2", Recursive: true},
		{StartAfter: "a/x", EndBefore: "d/z"},
		{ReportSkipped: true},
	} {
		all := within(paths, options)
		for limit := range len(all) + 2 {
			limited := options
			limited.Limit = limit
			f.lists(limited, within(paths, limited)...)
			if limit == 0 {
				continue
			}
			var got []string
			for range len(all) + 1 {
				page := f.keys(limited)
				if got = append(got, page...); len(page) < limit {
					break
				}
				limited.StartAfter = page[limit-1]
			}
			if !slices.Equal(got, all) {
				f.Fatalf("pages of List(%+v) are %q, want %q", limited, got, all)
			}
		}
	}
}

// listPagesChanging changes the store between the pages of a list: the next page knows
// what was complete before it.
func listPagesChanging(f fixture) {
	paths := map[string]bool{}
	for _, name := range []string{"a", "b", "c", "d/x", "e", "f", "g", "h/y", "i"} {
		f.put("dir/"+name, nil)
		paths["dir/"+name] = true
	}
	options := tranship.ListOptions{Directory: "dir", Limit: 2}
	change := func(i int) {
		f.Helper()
		switch i {
		case 0:
			f.put("dir/bb", nil)
			f.remove("dir/c")
			paths["dir/bb"], paths["dir/c"] = true, false
		case 1:
			f.remove("dir/d/x") // and so the directory
			f.put("dir/a0", nil)
			paths["dir/d/x"], paths["dir/a0"] = false, true
		case 2:
			f.moveFile("dir/g", "dir/new/g")
			f.copyFile("dir/i", "dir/j")
			paths["dir/g"], paths["dir/new/g"], paths["dir/j"] = false, true, true
		case 3:
			f.upload(tranship.Spec{Path: "dir/uploaded"}, []byte("data"))
			paths["dir/uploaded"] = true
		}
	}
	for i := range 10 {
		var now []string
		for path, there := range paths {
			if there {
				now = append(now, path)
			}
		}
		f.lists(options, within(now, options)...)
		page := f.keys(options)
		if len(page) < options.Limit {
			return
		}
		options.StartAfter = page[len(page)-1]
		change(i)
	}
	f.Fatal("the pages do not end")
}

func listInvalidBounds(f fixture) {
	for _, options := range []tranship.ListOptions{
		{Limit: -1}, {Prefix: "a\xff"}, {StartAfter: "\xff"}, {EndBefore: "b\xc3"}, {Directory: "../x"},
	} {
		var failure error
		for _, err := range f.store.List(f.Context(), options) {
			failure = err
		}
		f.invalid("List", failure)
	}
}
