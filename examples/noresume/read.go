package noresume

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"

	"github.com/tranship/tranship"
)

// List implements tranship.Reader. It leaves out nothing.
func (s *Store) List(ctx context.Context, options tranship.ListOptions) iter.Seq2[tranship.Entry, error] {
	return func(yield func(tranship.Entry, error) bool) {
		if err := options.Validate(); err != nil {
			yield(tranship.Entry{}, err)
			return
		}
		for i, entry := range s.entries(options) {
			if options.Limit > 0 && i == options.Limit {
				return
			}
			if err := ctx.Err(); err != nil {
				yield(tranship.Entry{}, err)
				return
			}
			if !yield(entry, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(tranship.Entry{}, err)
		}
	}
}

// entries returns the entries of a list in order, without the Limit.
func (s *Store) entries(options tranship.ListOptions) []tranship.Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := make(map[string]tranship.Entry)
	above := ""
	if options.Directory != "" {
		above = options.Directory + "/"
	}
	for path, file := range s.files {
		below, ok := strings.CutPrefix(path, above)
		if !ok {
			continue
		}
		entry := tranship.Entry{File: file.describe()}
		if name, _, deeper := strings.Cut(below, "/"); deeper && !options.Recursive {
			entry = tranship.Entry{File: tranship.File{Path: above + name}, IsDir: true}
		}
		if key := entry.Key(); options.Contains(key) {
			found[key] = entry
		}
	}
	var all []tranship.Entry
	for _, entry := range found {
		all = append(all, entry)
	}
	slices.SortFunc(all, func(a, b tranship.Entry) int { return cmp.Compare(a.Key(), b.Key()) })
	return all
}

// content is a file that is open.
type content struct {
	ctx    context.Context
	file   tranship.File
	data   *bytes.Reader
	closed bool
}

// Open implements tranship.Reader.
func (s *Store) Open(ctx context.Context, path string, options tranship.OpenOptions) (tranship.Content, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.findLocked(ctx, path)
	if err != nil {
		return nil, err
	}
	if options.Version != "" && options.Version != found.file.Version {
		return nil, fmt.Errorf("%w: %s does not have version %s", tranship.ErrPrecondition, path, options.Version)
	}
	size := int64(len(found.data))
	if options.Offset < 0 || options.Offset > size || options.Length != nil && *options.Length < 0 {
		return nil, &tranship.InvalidError{Field: "offset", Rule: "the range must begin within the file"}
	}
	data := found.data[options.Offset:]
	if options.Length != nil {
		data = data[:min(int64(len(data)), *options.Length)]
	}
	return &content{ctx: ctx, file: found.describe(), data: bytes.NewReader(data)}, nil
}

// File implements tranship.Content.
func (c *content) File() tranship.File { return c.file }

// Read implements tranship.Content.
func (c *content) Read(buffer []byte) (int, error) {
	if c.closed {
		return 0, fs.ErrClosed
	}
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.data.Read(buffer)
}

// Close implements tranship.Content.
func (c *content) Close() error {
	c.closed = true
	return nil
}
