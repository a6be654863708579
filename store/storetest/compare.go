package storetest

import (
	"maps"
	"time"

	"github.com/tranship/tranship"
)

// difference names the first field in which two descriptions of one version
// differ; it is empty if they agree. A checksum that only one of them knows is no
// difference.
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

// sameTime compares to the microsecond that stores must keep.
func sameTime(a, b time.Time) bool {
	return a.Sub(b).Abs() < time.Microsecond
}
