package transfer

import (
	"context"
	"fmt"
	"reflect"

	"github.com/tranship/tranship"
)

// Item is one file to copy.
type Item struct {
	// Source has the content, under SourcePath.
	Source     Source
	SourcePath string
	// Name is what results and errors call the source; SourcePath by default.
	Name string
	// Path is where the file goes.
	Path string
	// File is the source as it was listed; the zero value if it was not. It is a hint:
	// Copy plans by its Size, where -1 is unknown, and finds by Size and ModTime what is
	// there already. How many bytes are copied is decided by the source, when it is
	// opened.
	File tranship.File
	// Described: Source has described File just now, so that Copy need not open the source to
	// learn what it is. It matters only for a large file with a version, which each range that is
	// read must then have; if it has another, Copy asks the source again.
	Described bool
	// Once: the content can be read only once. Copy then opens the source once, and does
	// not try again. A Stdin is always read once. A source that can be read only once
	// and is not a Stdin must have it set: Copy cannot know.
	Once bool
	// ResumeKey names the source among all sources, to resume its copy by. It is
	// by default made of the absolute path of a local file, or of the path and
	// version of a store's; see ResumeKey. A source with neither is not resumed.
	ResumeKey string
	// Digest, when not nil, is what the content must have; otherwise the item
	// fails with tranship.ErrIntegrity, and nothing is committed.
	Digest *Digest
	// Inside: SourcePath is in the destination itself, whose method Copy (as of
	// tranship.Editor) is used if it has one.
	Inside bool

	compared comparison
}

func (i Item) name() string {
	if i.Name != "" {
		return i.Name
	}
	return i.SourcePath
}

// validate reports whether the item can be copied. The error matches
// tranship.ErrInvalid.
func (i *Item) validate() error {
	if err := tranship.ValidatePath(i.Path); err != nil {
		return fmt.Errorf("cannot be stored as %q: %w", i.Path, err)
	}
	return validate("source", i.Source)
}

// open opens the source.
func (i *Item) open(ctx context.Context, options tranship.OpenOptions) (tranship.Content, error) {
	content, err := i.Source.Open(ctx, i.SourcePath, options)
	if err == nil && content == nil {
		return nil, &tranship.InvalidError{Field: "source", Rule: "a source must open with content or an error"}
	}
	return content, err
}

// validator is what an end of a copy implements that can lack what it needs.
type validator interface{ validate() error }

// validate fails for an end of a copy that is nil, or lacks what it needs.
func validate(field string, end any) error {
	if isNil(end) {
		return &tranship.InvalidError{Field: field, Rule: "a " + field + " must not be nil"}
	}
	if end, ok := end.(validator); ok {
		return end.validate()
	}
	return nil
}

// isNil reports whether a value is nil, or an interface around a nil one.
func isNil(value any) bool {
	if value == nil {
		return true
	}
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Slice, reflect.Chan:
		return v.IsNil()
	default:
		return false
	}
}
