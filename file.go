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

// DefaultMode is the mode of a file whose upload does not set one.
const DefaultMode fs.FileMode = 0o644

// MaxModTimeUnit is the largest File.ModTimeUnit: FAT has times of 2 seconds.
const MaxModTimeUnit = 2 * time.Second

// File describes a committed file.
type File struct {
	// Path is the file's key in its store.
	Path string
	// Size is the length of the content in bytes.
	Size int64
	// ModTime is when the content was last modified at its source.
	ModTime time.Time
	// ModTimeUnit is the unit to which the file system of the store has rounded ModTime, up or
	// down; at most MaxModTimeUnit. 0 means that ModTime is what was set, to at least the
	// microsecond. Two times that differ by less may have been equal before they were rounded.
	ModTimeUnit time.Duration
	// Mode has permission bits only, within 0777.
	Mode fs.FileMode
	// Version changes whenever the content is replaced. It is opaque.
	Version string
	// CRC32C is the checksum of the whole content; nil if the store does not know it.
	CRC32C *uint32
	// Metadata is the metadata that the user has set; see Attributes.Metadata.
	Metadata map[string]string
}

// Revision identifies the state of a file: it is the same for the same Version, ModTime,
// Mode and Metadata, and differs if one of them does. Precondition.MustMatchRevision
// compares it with the state of the file at the moment of a change. It is opaque, has at
// most 128 bytes, and does not depend on Path, Size and CRC32C, which belong to the
// version, nor on ModTimeUnit.
//
// A revision is computed from the fields of File alone, so that a file that was put into
// a directory by hand has one too. A File without all attributes, as a protocol may
// deliver it, does not have the revision of the file.
func (f File) Revision() string {
	modified := f.ModTime
	if !isModTime(modified) {
		modified = time.Time{} // the protocol cannot carry it
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

// appendText appends a text with its length, so that different sequences of texts never
// result in the same bytes.
func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// Entry is one line of a list: a file or a directory.
type Entry struct {
	// File describes the file. For a directory, only Path is set.
	File
	// IsDir is true for a directory.
	IsDir bool
}

// Key returns the key that lists are sorted by, bytewise: the path, followed by '/' for a
// directory.
func (e Entry) Key() string {
	if e.IsDir {
		return e.Path + "/"
	}
	return e.Path
}

// Attributes are the properties of a file, beside its content, that a user may set. A nil
// field means the default in a new file, and no change in SetAttributes.
type Attributes struct {
	// ModTime is when the content was last modified at its source; by default the moment
	// of commit. It is within the years 1 to 9999, in UTC. A store keeps it to at least
	// the microsecond, or refuses it with an *InvalidError that names the times it can
	// keep: it never keeps another time instead, except that it may round the time to
	// File.ModTimeUnit.
	ModTime *time.Time
	// Mode has permission bits only, within 0777; by default DefaultMode.
	Mode *fs.FileMode
	// Metadata is empty by default. If not nil, it replaces all metadata of the file.
	// A key has 1 to MaxMetadataKeyBytes bytes: lower-case ASCII letters, digits, '-',
	// '_' and '.'. A value is valid UTF-8 without NUL. There are at most
	// MaxMetadataEntries entries, whose keys and values have at most MaxMetadataBytes
	// bytes together.
	Metadata map[string]string
}

// Validate returns an *InvalidError if a field breaks its rules, and nil otherwise.
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

// isModTime reports whether every protocol can carry a time as a modified time.
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

// Override returns a copy of a in which the fields that are set in over replace its own.
// The result shares the memory of both.
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

// Apply returns a copy of file with the attributes that are set in a. The result shares
// no memory with either.
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
