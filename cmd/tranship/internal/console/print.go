package console

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/printable"
)

// Checksum is a CRC32C that is printed as eight hexadecimal digits.
type Checksum uint32

// MarshalText implements encoding.TextMarshaler.
func (c Checksum) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%08x", uint32(c)), nil }

// FileObject is a file in JSON.
type FileObject struct {
	Path     string            `json:"path"`
	IsDir    bool              `json:"is_dir,omitempty"`
	Size     *int64            `json:"size,omitempty"`
	ModTime  *time.Time        `json:"mod_time,omitempty"`
	Mode     string            `json:"mode,omitempty"`
	Version  string            `json:"version,omitempty"`
	CRC32C   *Checksum         `json:"crc32c,omitempty"`
	Metadata map[string]string `json:"metadata,omitempty"`
	Digest   string            `json:"digest,omitempty"`
	// DryRun is true if nothing was done, because of -n.
	DryRun bool `json:"dry_run,omitempty"`
}

// ObjectOf returns the FileObject of an entry.
func ObjectOf(entry tranship.Entry) FileObject {
	if entry.IsDir {
		return FileObject{Path: entry.Path, IsDir: true}
	}
	return FileObject{
		Path:     entry.Path,
		Size:     new(entry.Size),
		ModTime:  new(entry.ModTime.UTC()),
		Mode:     fmt.Sprintf("%04o", entry.Mode.Perm()),
		Version:  entry.Version,
		CRC32C:   (*Checksum)(entry.CRC32C),
		Metadata: entry.Metadata,
	}
}

// UploadObject is an unfinished upload in JSON.
type UploadObject struct {
	ID           string    `json:"id"`
	Path         string    `json:"path"`
	Size         int64     `json:"size"`
	DurableBytes int64     `json:"durable_bytes"`
	Created      time.Time `json:"created"`
	Expires      time.Time `json:"expires"`
}

// UploadObjectOf returns the UploadObject of an upload.
func UploadObjectOf(upload tranship.UploadInfo) UploadObject {
	return UploadObject{
		ID:           upload.ID,
		Path:         upload.Path,
		Size:         upload.Size,
		DurableBytes: upload.DurableBytes,
		Created:      upload.Created.UTC(),
		Expires:      upload.Expires.UTC(),
	}
}

// PrintJSON prints one object on one line. Characters that must not reach a terminal are
// printed as \u escapes, which decode to the same value.
func PrintJSON(out io.Writer, object any) error {
	encoder := json.NewEncoder(printable.JSONLines(out))
	encoder.SetEscapeHTML(false)
	return encoder.Encode(object)
}

// timeLayout is RFC 3339 in UTC, to the second.
const timeLayout = "2006-01-02T15:04:05Z"

// PrintTime formats a time as RFC 3339 in UTC, to the second.
func PrintTime(t time.Time) string { return t.UTC().Format(timeLayout) }
