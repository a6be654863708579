package tus

import (
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/internal/httpadmission"
)

// protocol is what a request speaks: tus 1.0, or a draft of the IETF for resumable uploads
// (draft-ietf-httpbis-resumable-upload).
type protocol struct {
	// interop is the version of the draft: 3 is draft 01, 4 is draft 02, 5 is draft 03, 6 are drafts 04
	// and 05, 7 are drafts 06 to 08, and 8 are those from 09; 0 for tus.
	interop int
}

const (
	interopHeader    = "Upload-Draft-Interop-Version"
	completeHeader   = "Upload-Complete"
	incompleteHeader = "Upload-Incomplete"
	limitHeader      = "Upload-Limit"
	// partialType is the media type of a piece in newer drafts.
	partialType = "application/partial-upload"
	// statusUploadResumptionSupported is the status of the interim response that tells the URL of an
	// upload before its first piece has come.
	statusUploadResumptionSupported = 104
)

// protocolOf returns what a request speaks.
func protocolOf(header http.Header) protocol {
	switch interop := header.Get(interopHeader); interop {
	case "3", "4", "5", "6", "7", "8":
		return protocol{int(interop[0] - '0')}
	}
	return protocol{}
}

// mark adds the version to a response.
func (p protocol) mark(header http.Header) {
	if p.interop > 0 {
		header.Set(interopHeader, strconv.Itoa(p.interop))
	} else {
		header.Set(versionHeader, version)
	}
}

// check returns an error unless a request has a version that the server knows.
func (p protocol) check(header http.Header) error {
	if got := header.Get(versionHeader); p.interop == 0 && got != version {
		if interop := header.Get(interopHeader); got == "" && interop != "" {
			return &tranship.InvalidError{Field: interopHeader, Rule: fmt.Sprintf("%.20q is not from 3 to 8, the versions of the drafts that the server speaks", interop)}
		}
		return httpadmission.WithStatus(
			&tranship.InvalidError{Field: versionHeader, Rule: fmt.Sprintf("%q is not %s, the version of tus", got, version)},
			http.StatusPreconditionFailed)
	}
	return nil
}

// isLast reports whether a request of a draft says that its body is the end of the upload.
func (p protocol) isLast(header http.Header) bool {
	if p.interop == 3 {
		return header.Get(incompleteHeader) == "?0"
	}
	return p.interop > 0 && header.Get(completeHeader) == "?1"
}

// length returns the length of a new upload.
func (p protocol) length(r *http.Request) (int64, error) {
	if p.interop == 0 {
		return lengthOf(r.Header)
	}
	if r.Header.Get(lengthHeader) != "" {
		return number(r.Header, lengthHeader)
	}
	if p.isLast(r.Header) && r.ContentLength >= 0 {
		return r.ContentLength, nil
	}
	return 0, &tranship.InvalidError{Field: lengthHeader, Rule: "the length of an upload must be known when it is created"}
}

// metadata returns the pairs that describe the file of a new upload. The drafts have the name of the
// file in Content-Disposition.
func (p protocol) metadata(header http.Header) (map[string]string, error) {
	pairs, err := parseMetadata(header.Get(metadataHeader))
	if err != nil || p.interop == 0 {
		return pairs, err
	}
	if value := header.Get("Content-Disposition"); value != "" && pairs[keyPath] == "" {
		_, parameters, err := mime.ParseMediaType(value)
		if err != nil {
			return nil, &tranship.InvalidError{Field: "Content-Disposition", Rule: err.Error()}
		}
		pairs[keyPath] = parameters["filename"]
	}
	if value, _, err := mime.ParseMediaType(header.Get("Content-Type")); err == nil && pairs["filetype"] == "" {
		pairs["filetype"] = value
	}
	return pairs, nil
}

// createsWithPiece reports whether the body of a request that creates an upload is its first piece.
func (p protocol) createsWithPiece(header http.Header) bool {
	return p.interop > 0 || header.Get("Content-Type") == pieceType
}

// checkPiece returns an error unless a request has the media type of a piece.
func (p protocol) checkPiece(header http.Header) error {
	want := pieceType
	switch {
	case p.interop >= 6:
		want = partialType
	case p.interop > 0:
		return nil
	}
	if header.Get("Content-Type") != want {
		return httpadmission.WithStatus(
			&tranship.InvalidError{Field: "Content-Type", Rule: "a piece has the type " + want}, http.StatusUnsupportedMediaType)
	}
	return nil
}

// checkLast returns an error if a request says that its body is the end of an upload, which then is
// at another offset than its length.
func (p protocol) checkLast(header http.Header, offset, size int64) error {
	if !p.isLast(header) || offset == size {
		return nil
	}
	return &tranship.InvalidError{Field: completeHeader, Rule: fmt.Sprintf("the upload has %d bytes, and ends with %d", size, offset)}
}

// describe adds how far an upload is to a response.
func (p protocol) describe(header http.Header, offset, size int64) {
	header.Set(offsetHeader, strconv.FormatInt(offset, 10))
	complete := offset == size
	switch p.interop {
	case 0:
	case 3:
		header.Set(incompleteHeader, structured(!complete))
	default:
		header.Set(completeHeader, structured(complete))
	}
}

// limit adds how long an upload is kept without a new piece to a response.
func (p protocol) limit(header http.Header, kept time.Duration) {
	name := "max-age"
	switch {
	case p.interop < 6 || kept == 0:
		return
	case p.interop == 6:
		name = "expires"
	}
	header.Set(limitHeader, fmt.Sprintf("%s=%d", name, int64(kept.Seconds())))
}

// structured returns a boolean of RFC 8941.
func structured(value bool) string {
	if value {
		return "?1"
	}
	return "?0"
}
