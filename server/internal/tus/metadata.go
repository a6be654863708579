package tus

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tranship/tranship"
)

// The keys of metadata that have a meaning.
const (
	keyPath         = "path"
	keyFilename     = "filename"
	keyModified     = "modified"
	keyChecksum     = "crc32c"
	keyPrecondition = "precondition"
)

// parseMetadata returns the pairs of Upload-Metadata.
func parseMetadata(header string) (map[string]string, error) {
	pairs := map[string]string{}
	if strings.TrimSpace(header) == "" {
		return pairs, nil
	}
	for pair := range strings.SplitSeq(header, ",") {
		key, encoded, _ := strings.Cut(strings.TrimSpace(pair), " ")
		value, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
		if key == "" || err != nil {
			return nil, &tranship.InvalidError{Field: metadataHeader, Rule: fmt.Sprintf("%.100q is not a key, a space and a value in base64", pair)}
		}
		if _, twice := pairs[key]; twice {
			return nil, &tranship.InvalidError{Field: metadataHeader, Rule: fmt.Sprintf("%.100q is there twice", key)}
		}
		pairs[key] = string(value)
	}
	return pairs, nil
}

// namedPath returns the path that a request names, as it came, or "".
func (p protocol) namedPath(header http.Header) string {
	pairs, err := p.metadata(header)
	if err != nil {
		return ""
	}
	return cmp.Or(pairs[keyPath], pairs[keyFilename])
}

// specOf returns the spec that metadata describe, without what only the server knows. Pairs that
// have no meaning become metadata of the file; those that a file cannot have are left out.
func specOf(pairs map[string]string) (tranship.Spec, error) {
	var spec tranship.Spec
	var err error
	if path, ok := pairs[keyPath]; ok {
		spec.Path = path
	} else if spec.Path = pairs[keyFilename]; spec.Path == "" {
		return spec, &tranship.InvalidError{Field: metadataHeader, Rule: "it must have the path of the file as path or filename"}
	}
	for key, value := range pairs {
		switch key {
		case keyPath, keyFilename:
		case keyModified:
			modified, err := time.Parse(time.RFC3339Nano, value)
			if err != nil {
				return spec, &tranship.InvalidError{Field: keyModified, Rule: fmt.Sprintf("%.100q is not a time as RFC 3339 has it", value)}
			}
			spec.Attributes.ModTime = &modified
			if invalid, ok := errors.AsType[*tranship.InvalidError]((tranship.Attributes{ModTime: &modified}).Validate()); ok {
				return spec, &tranship.InvalidError{Field: keyModified, Rule: invalid.Rule}
			}
		case keyChecksum:
			if spec.CRC32C, err = parseCRC(value); err != nil {
				return spec, err
			}
		case keyPrecondition:
			if spec.Precondition, err = parsePrecondition(value); err != nil {
				return spec, err
			}
		default:
			kept := tranship.Attributes{Metadata: map[string]string{key: value}}
			if kept.Validate() != nil {
				continue
			}
			if spec.Attributes.Metadata == nil {
				spec.Attributes.Metadata = map[string]string{}
			}
			spec.Attributes.Metadata[key] = value
		}
	}
	return spec, nil
}

// parseCRC parses the CRC32C of a whole file, in hexadecimal or in base64.
func parseCRC(text string) (*uint32, error) {
	sum, err := hex.DecodeString(text)
	if err != nil || len(sum) != 4 {
		sum, err = base64.StdEncoding.DecodeString(text)
	}
	if err != nil || len(sum) != 4 {
		return nil, &tranship.InvalidError{Field: keyChecksum, Rule: fmt.Sprintf("%.100q is not 4 bytes in hexadecimal or base64", text)}
	}
	return new(binary.BigEndian.Uint32(sum)), nil
}

// parsePrecondition parses "none-match", for a file that must not exist, and `match "ETAG"`, for one
// that must have a version.
func parsePrecondition(text string) (tranship.Precondition, error) {
	if text == "none-match" {
		return tranship.Precondition{MustNotExist: true}, nil
	}
	tag, ok := strings.CutPrefix(text, `match "`)
	tag, closed := strings.CutSuffix(tag, `"`)
	version, err := url.PathUnescape(tag)
	if !ok || !closed || err != nil || version == "" {
		return tranship.Precondition{}, &tranship.InvalidError{Field: keyPrecondition, Rule: fmt.Sprintf(`%.100q is neither none-match nor match "ETAG"`, text)}
	}
	return tranship.Precondition{MustMatchVersion: version}, nil
}
