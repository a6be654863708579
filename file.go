package tranship

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io/fs"
	"maps"
	"slices"
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

// Revision names the state of a file that was seen: it is the same for the same Version,
// ModTime, Mode and Metadata, and another one for others. Precondition.MustMatchRevision
// compares it with the state at the moment of a change. It is opaque, has at most 128
// bytes, and does not depend on Path, Size and CRC32C, which belong to the version.
//
// Stores compute it from what they tell of a file, so that a file that was put into a
// directory by hand has one as well. A caller who is not told all attributes of a file
// does not know its revision.
func (f File) Revision() string {
	modified := f.ModTime
	if !isModTime(modified) {
		modified = time.Time{} // as the protocol has it
	}
	var b []byte
	b = appendText(b, f.Version)
	b = binary.AppendVarint(b, modified.Unix())
	b = binary.AppendVarint(b, int64(modified.Nanosecond()))
	b = binary.AppendUvarint(b, uint64(f.Mode))
	for _, key := range slices.Sorted(maps.Keys(f.Metadata)) {
		b = appendText(appendText(b, key), f.Metadata[key])
	}
	sum := sha256.Sum256(b)
	return "r-" + hex.EncodeToString(sum[:16])
}

// appendText appends a text so that no two runs of texts are the same bytes.
func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
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
	// ModTime is by default the moment of commit. It is within the years 1 to 9999. A
	// store keeps it to at least the microsecond, or refuses it with an *InvalidError
	// that names the times it can keep: it never keeps another time instead.
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
	if a.ModTime != nil && !isModTime(*a.ModTime) {
		return &InvalidError{Field: "attributes.modified_time", Rule: "a modified time must be within the years 1 to 9999"}
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

// isModTime reports whether a time is one that every protocol can tell of a file.
func isModTime(t time.Time) bool {
	year := t.UTC().Year()
	return year >= 1 && year <= 9999
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

// Override returns a with the attributes that are set in over in the place of its own.
// It shares their memory.
func (a Attributes) Override(over Attributes) Attributes {
	if over.ModTime != nil {
		a.ModTime = over.ModTime
	}
	if over.Mode != nil {
		a.Mode = over.Mode
	}
	if over.Metadata != nil {
		a.Metadata = over.Metadata
	}
	return a
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
