package storetest

import (
	"maps"
	"time"

	"github.com/tranship/tranship"
)

// difference returns the name of the first field in which two descriptions of one version
// differ, and "" if they agree. A checksum that only one of them has is not a difference.
func difference(a, b tranship.File) string {
	switch {
	case a.Path != b.Path:
		return "path"
	case a.Size != b.Size:
		return "size"
	case !sameTime(a.ModTime, b.ModTime):
		return "modified time"
	case a.Mode != b.Mode:
		return "mode"
	case a.Version != b.Version:
		return "version"
	case a.CRC32C != nil && b.CRC32C != nil && *a.CRC32C != *b.CRC32C:
		return "CRC32C"
	case !maps.Equal(a.Metadata, b.Metadata):
		return "metadata"
	}
	return ""
}

// sameTime compares times to the microsecond, which every store must keep.
func sameTime(a, b time.Time) bool {
	return a.Sub(b).Abs() < time.Microsecond
}
