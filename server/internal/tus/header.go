package tus

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/internal/httpadmission"
)

const (
	// version is the version of the protocol.
	version = "1.0.0"
	// pieceType is the media type of a piece of an upload.
	pieceType = "application/offset+octet-stream"
)

// The names of headers, as net/http writes them.
const (
	versionHeader  = "Tus-Resumable"
	lengthHeader   = "Upload-Length"
	deferHeader    = "Upload-Defer-Length"
	offsetHeader   = "Upload-Offset"
	metadataHeader = "Upload-Metadata"
	checksumHeader = "Upload-Checksum"
	expiresHeader  = "Upload-Expires"
	concatHeader   = "Upload-Concat"
	overrideHeader = "X-Http-Method-Override"
	// maxCheckedHeader has the most bytes that a piece with a checksum may have.
	maxCheckedHeader = "Tranship-Max-Checked-Piece"
)

// checkHeaders returns an error if a request has a header twice that means one thing: a program on the
// way could take the other value. It returns one for a body that is encoded as well: the file would have
// the encoded bytes.
func checkHeaders(header http.Header) error {
	for _, name := range []string{
		versionHeader, lengthHeader, deferHeader, offsetHeader, metadataHeader, checksumHeader, concatHeader, overrideHeader,
		interopHeader, completeHeader, incompleteHeader, "Content-Type", "Content-Disposition", "Content-Encoding",
	} {
		if len(header[name]) > 1 {
			return twice(name)
		}
	}
	if encoding := header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return httpadmission.WithStatus(
			&tranship.InvalidError{Field: "Content-Encoding", Rule: "a body is stored as it is, and must not be encoded"}, http.StatusUnsupportedMediaType)
	}
	return nil
}

// twice returns the error of a header that a request has more than once.
func twice(name string) error {
	return &tranship.InvalidError{Field: name, Rule: "a request must have it once"}
}

// checkLength returns an error if a request of an upload names another length than the upload has.
func checkLength(header http.Header, size int64) error {
	if header.Get(lengthHeader) == "" {
		return nil
	}
	length, err := number(header, lengthHeader)
	if err == nil && length != size {
		err = &tranship.InvalidError{Field: lengthHeader, Rule: fmt.Sprintf("the upload has %d bytes, not %d", size, length)}
	}
	return err
}

// lengthOf returns the length of a new upload.
func lengthOf(header http.Header) (int64, error) {
	if header.Get(concatHeader) != "" {
		return 0, &tranship.InvalidError{Field: concatHeader, Rule: "an upload is not put together out of others"}
	}
	if header.Get(deferHeader) != "" {
		return 0, &tranship.InvalidError{Field: deferHeader, Rule: "the length of an upload must be known when it is created"}
	}
	return number(header, lengthHeader)
}

// number returns the value of a header that must have a number that is not negative.
func number(header http.Header, name string) (int64, error) {
	value := header.Get(name)
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || strings.Trim(value, "0123456789") != "" {
		return 0, &tranship.InvalidError{Field: name, Rule: fmt.Sprintf("%q is not a number of bytes", value)}
	}
	return n, nil
}

// tooLong returns the error of a piece that goes beyond the end of an upload.
func tooLong(size int64) error {
	return httpadmission.WithStatus(
		&tranship.InvalidError{Field: "body", Rule: fmt.Sprintf("the piece goes beyond the end of the upload, which has %d bytes", size)},
		http.StatusRequestEntityTooLarge)
}
