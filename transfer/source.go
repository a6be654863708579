package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/tranship/tranship"
)

// errReplaced means that a source was replaced by another version, so that the
// file may be copied from its beginning again. It is not for a source that was
// written to in place: that may continue forever.
var errReplaced = fmt.Errorf("source %w", ErrChanged)

// ranges is implemented by a tranship.Content whose ranges can be read concurrently while
// it is open.
type ranges interface {
	Range(offset, length int64) tranship.Content
}

// source is a file of which ranges can be read, all of one version.
type source struct {
	from tranship.File
	item *Item
	// held stays open and pins the file. It is nil if the version pins the file.
	held tranship.Content
}

// openSource describes a file and pins it. It takes the description in the item once, if that pins
// the file.
func openSource(ctx context.Context, item *Item) (*source, error) {
	isDescribed := item.Described && item.File.Version != "" && item.File.Size >= 0
	item.Described = false // another attempt asks the source
	if _, isLocal := item.Source.(absolute); isDescribed && !isLocal {
		return &source{from: item.File, item: item}, nil
	}
	content, err := item.open(ctx, tranship.OpenOptions{Length: new(int64(0))})
	if err != nil {
		return nil, err
	}
	s := &source{from: content.File(), item: item}
	if _, ok := content.(ranges); ok {
		s.held = content
		return s, nil
	}
	// A server counts a download that is not read to its end as one that failed. What a source
	// that ignores the length has here does not matter.
	_, _ = content.Read(make([]byte, 1))
	return s, content.Close()
}

func (s *source) close() {
	if s.held != nil {
		// It was only read from, and has said how that went.
		_ = s.held.Close()
	}
}

// isLocal reports whether the source can be read twice without using the network.
func (s *source) isLocal() bool { return s.held != nil }

// isVersioned reports whether the source has versions. What a destination has under the
// key of a version then needs no proof.
func (s *source) isVersioned() bool { return s.from.Version != "" }

// isLost reports whether a failure means that the version which is being copied is no
// longer at its source, so that what the destination has of it can never be completed.
func (s *source) isLost(err error) bool {
	return s.isVersioned() && errors.Is(err, tranship.ErrNotFound)
}

func (s *source) open(ctx context.Context, offset, length int64) (tranship.Content, error) {
	if s.held != nil {
		return s.held.(ranges).Range(offset, length), nil
	}
	content, err := s.item.open(ctx, tranship.OpenOptions{
		Version: s.from.Version, Offset: offset, Length: &length,
	})
	switch {
	case err == nil && sameContent(content.File(), s.from):
		return content, nil
	case err == nil:
		_ = content.Close()
	case !errors.Is(err, tranship.ErrInvalid): // which means that the end is nearer now
		return nil, sourceError(err)
	}
	if s.isVersioned() {
		return nil, errReplaced
	}
	return nil, fmt.Errorf("source %w: its size or time is another", ErrChanged)
}

// sameContent reports whether two looks at a source saw the same.
func sameContent(a, b tranship.File) bool {
	// With a version, the time is an attribute like others.
	return a.Size == b.Size && a.Version == b.Version && (a.Version != "" || a.ModTime.Equal(b.ModTime))
}

// resumeKey returns the key that the upload is resumed by, or "" if it is not resumed.
func (s *source) resumeKey() string {
	base := s.item.ResumeKey
	if s.isVersioned() {
		return versionKey(base, s.item.SourcePath, s.from.Version)
	}
	if local, ok := s.item.Source.(absolute); ok && base == "" {
		if name := local.Absolute(s.item.SourcePath); name != "" {
			base = ResumeKey(name)
		}
	}
	return base
}

// sourceError returns what a failure to read means for the copy.
func sourceError(err error) error {
	switch {
	case errors.Is(err, tranship.ErrPrecondition):
		return errReplaced
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("source %w: it ended early", ErrChanged)
	}
	return err
}

// sourceEnd interprets a read after the last byte of a source, which is what tells
// whether the content was whole: nil if it was.
func sourceEnd(n int64, err error, size int64) error {
	switch {
	case n > 0:
		return fmt.Errorf("source %w: it has more than the %d bytes it began with", ErrChanged, size)
	case errors.Is(err, io.EOF):
		return nil
	}
	return sourceError(err)
}
