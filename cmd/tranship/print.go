package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/printable"
	"github.com/tranship/tranship/transfer"
)

// checksum prints as eight hexadecimal digits.
type checksum uint32

// MarshalText implements encoding.TextMarshaler.
func (c checksum) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%08x", uint32(c)), nil }

// fileObject is a file in JSON.
type fileObject struct {
	Path     string            `json:"path"`
	IsDir    bool              `json:"is_dir,omitempty"`
	Size     *int64            `json:"size,omitempty"`
	ModTime  *time.Time        `json:"mod_time,omitempty"`
	Mode     string            `json:"mode,omitempty"`
	Version  string            `json:"version,omitempty"`
	CRC32C   *checksum         `json:"crc32c,omitempty"`
	Metadata map[string]string `json:"metadata,omitempty"`
	Digest   string            `json:"digest,omitempty"`
}

func objectOf(entry tranship.Entry) fileObject {
	if entry.IsDir {
		return fileObject{Path: entry.Path, IsDir: true}
	}
	return fileObject{
		Path:     entry.Path,
		Size:     new(entry.Size),
		ModTime:  new(entry.ModTime.UTC()),
		Mode:     fmt.Sprintf("%04o", entry.Mode.Perm()),
		Version:  entry.Version,
		CRC32C:   (*checksum)(entry.CRC32C),
		Metadata: entry.Metadata,
	}
}

// uploadObject is an unfinished upload in JSON.
type uploadObject struct {
	ID           string    `json:"id"`
	Path         string    `json:"path"`
	Size         int64     `json:"size"`
	DurableBytes int64     `json:"durable_bytes"`
	Created      time.Time `json:"created"`
	Expires      time.Time `json:"expires"`
}

func uploadObjectOf(upload tranship.UploadInfo) uploadObject {
	return uploadObject{
		ID:           upload.ID,
		Path:         upload.Path,
		Size:         upload.Size,
		DurableBytes: upload.DurableBytes,
		Created:      upload.Created.UTC(),
		Expires:      upload.Expires.UTC(),
	}
}

// resultObject is how the copy of a file went, in JSON.
type resultObject struct {
	Path string `json:"path"`
	// Size is null when it did not become known.
	Size         *int64    `json:"size"`
	SentBytes    int64     `json:"sent_bytes"`
	SkippedBytes int64     `json:"skipped_bytes"`
	Seconds      float64   `json:"seconds"`
	CRC32C       *checksum `json:"crc32c"`
	Version      string    `json:"version"`
	Error        string    `json:"error,omitempty"`
}

func (t *target) resultOf(path string, result transfer.Result) resultObject {
	object := resultObject{
		Path:         path,
		SentBytes:    result.SentBytes,
		SkippedBytes: result.SkippedBytes,
		Seconds:      result.Duration.Seconds(),
		CRC32C:       (*checksum)(result.CRC32C),
		Version:      result.Version,
	}
	if result.Size >= 0 {
		object.Size = new(result.Size)
	}
	if result.Err != nil {
		object.Error = t.inWords(result.Err, subject{})
	}
	return object
}

// printJSON prints one object on one line. What must not reach a terminal as it is
// becomes \u escapes, which decode to the same value.
func printJSON(out io.Writer, object any) error {
	encoder := json.NewEncoder(printable.JSONLines(out))
	encoder.SetEscapeHTML(false)
	return encoder.Encode(object)
}

// timeLayout is RFC 3339 in UTC, to the second.
const timeLayout = "2006-01-02T15:04:05Z"

func printTime(t time.Time) string { return t.UTC().Format(timeLayout) }
