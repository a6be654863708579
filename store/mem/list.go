package mem

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/tranship/tranship"
)

// List implements tranship.Reader. It lists the files that exist when it begins.
func (s *Store) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		if err := options.Validate(); err != nil {
			yield(tranship.Entry{}, err)
			return
		}
		listed := 0
		for entry := range entries(s.snapshot(), options) {
			if ctx.Err() != nil {
				break
			}
			if !yield(entry, nil) {
				return
			}
			if listed++; listed == options.Limit {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(tranship.Entry{}, err)
		}
	}
}

// snapshot returns all files in ascending order of their paths. The slice is immutable and
// stays valid when the store changes.
func (s *Store) snapshot() []*file {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sorted == nil {
		s.sorted = make([]*file, 0, len(s.files))
		for _, f := range s.files {
			s.sorted = append(s.sorted, f)
		}
		slices.SortFunc(s.sorted, func(a, b *file) int { return cmp.Compare(a.info.Path, b.info.Path) })
	}
	return s.sorted
}

// entries yields the entries of a list of sorted files. It relies on the order: the path of
// a file sorts among others like the keys of the directories that contain it.
func entries(files []*file, options tranship.ListOptions) iter.Seq[tranship.Entry] {
	prefix := ""
	if options.Directory != "" {
		prefix = options.Directory + "/"
	}
	return func(yield func(tranship.Entry) bool) {
		files := from(files, max(prefix, options.Low()))
		for len(files) > 0 {
			path := files[0].info.Path
			rest, inside := strings.CutPrefix(path, prefix)
			if !inside {
				return
			}
			entry := tranship.Entry{File: tranship.File{Path: path}}
			if name, _, deeper := strings.Cut(rest, "/"); deeper && !options.Recursive {
				entry.Path, entry.IsDir = prefix+name, true
			}
			key := entry.Key()
			if options.Ends(key) {
				return
			}
			if options.Contains(key) {
				if !entry.IsDir {
					entry.File = files[0].describe()
				}
				if !yield(entry) {
					return
				}
			}
			if files = files[1:]; entry.IsDir {
				files = from(files, entry.Path+"0") // '0' comes after '/'
			}
		}
	}
}

// from returns the files whose paths do not sort before path.
func from(files []*file, path string) []*file {
	i, _ := slices.BinarySearchFunc(files, path, func(f *file, path string) int { return cmp.Compare(f.info.Path, path) })
	return files[i:]
}
