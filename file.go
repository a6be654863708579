package tranship

import (
	"io/fs"
	"maps"
	"strings"
	"time"
	"unicode/utf8"
)

// DefaultMode is the mode of a file whose upload did not say one.
const DefaultMode fs.FileMode = 0o644

// File describes a committed file.
type File struct {
	// Path is the file's key in its store.
	Path string
	// Size is the length of the content in bytes.
	Size int64
	// ModTime is when the content was last modified at its source.
	ModTime time.Time
	// Mode has permission bits only.
	Mode fs.FileMode
	// Version changes whenever the content is replaced. It is opaque.
	Version string
	// CRC32C is the checksum of the whole content; nil when the store does not
	// know it.
	CRC32C *uint32
	// Metadata is the user's; see Attributes.Metadata.
	Metadata map[string]string
}

// Entry is one line of a list: a file, or a directory, of which only Path is set.
type Entry struct {
	File
	IsDir bool
}

// Key is what entries sort by: the path, followed by '/' if it is a directory.
func (e Entry) Key() string {
	if e.IsDir {
		return e.Path + "/"
	}
	return e.Path
}

// Attributes are what a user may set of a file beside its content. A nil field
// takes its default in a new file, and stays as it is in SetAttributes.
type Attributes struct {
	// ModTime is by default the moment of commit.
	ModTime *time.Time
	// Mode has permission bits only; by default DefaultMode.
	Mode *fs.FileMode
	// Metadata is by default none. When not nil it replaces all that was there.
	// Keys are 1 to MaxMetadataKeyBytes of lower-case ASCII letters, digits,
	// '-', '_' and '.'; values are valid UTF-8 without NUL; all together have at
	// most MaxMetadataBytes. There are at most MaxMetadataEntries.
	Metadata map[string]string
}

// Validate reports whether a store may take the attributes. The error is an
// *InvalidError.
func (a Attributes) Validate() error {
	if a.Mode != nil && *a.Mode&^fs.ModePerm != 0 {
		return &InvalidError{Field: "attributes.mode", Rule: "a mode must be within 0777"}
	}
	total := 0
	for key, value := range a.Metadata {
		total += len(key) + len(value)
		if rule := brokenMetadataRule(key, value); rule != "" {
			return &InvalidError{Field: "attributes.metadata", Rule: rule}
		}
	}
	if len(a.Metadata) > MaxMetadataEntries {
		return &InvalidError{Field: "attributes.metadata", Rule: "metadata must have at most 64 entries"}
	}
	if total > MaxMetadataBytes {
		return &InvalidError{Field: "attributes.metadata", Rule: "metadata must have at most 2048 bytes"}
	}
	return nil
}

func brokenMetadataRule(key, value string) string {
	const keyBytes = "abcdefghijklmnopqrstuvwxyz0123456789-_."
	switch {
	case key == "" || len(key) > MaxMetadataKeyBytes:
		return "a metadata key must have 1 to 128 bytes"
	case strings.Trim(key, keyBytes) != "":
		return "a metadata key must consist of a-z, 0-9, '-', '_' and '.'"
	case !utf8.ValidString(value) || strings.Contains(value, "\x00"):
		return "a metadata value must be valid UTF-8 without NUL"
	}
	return ""
}

// Apply returns file with the attributes that are set in a. It shares no memory
// with either.
func (a Attributes) Apply(file File) File {
	if a.ModTime != nil {
		file.ModTime = *a.ModTime
	}
	if a.Mode != nil {
		file.Mode = *a.Mode
	}
	if a.Metadata != nil {
		file.Metadata = a.Metadata
	}
	if len(file.Metadata) == 0 {
		file.Metadata = nil
	}
	file.Metadata = maps.Clone(file.Metadata)
	if file.CRC32C != nil {
		file.CRC32C = new(*file.CRC32C)
	}
	return file
}
