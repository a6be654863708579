package web

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/internal/httpadmission"
)

// byteRange is the part of a file that a request reads.
type byteRange struct {
	offset, length int64
	// partial: the client has asked for a range.
	partial bool
}

// rangeOf returns what a header asks for of a file of some size: the whole file without a range
// that can be understood, and for several ranges, which RFC 9110, section 14.2, allows. It fails
// with status 416 if the range begins after the end.
func rangeOf(header http.Header, size int64) (byteRange, error) {
	whole := byteRange{length: size}
	spec, ok := strings.CutPrefix(header.Get("Range"), "bytes=")
	if !ok || len(header.Values("Range")) > 1 || strings.Contains(spec, ",") {
		return whole, nil
	}
	first, last, ok := strings.Cut(strings.TrimSpace(spec), "-")
	if !ok {
		return whole, nil
	}
	if first == "" {
		suffix, ok := position(last)
		if !ok {
			return whole, nil
		}
		suffix = min(suffix, size)
		if suffix == 0 {
			return whole, unsatisfiable(size)
		}
		return byteRange{size - suffix, suffix, true}, nil
	}
	begin, ok := position(first)
	if !ok {
		return whole, nil
	}
	end := size - 1
	if last != "" {
		given, ok := position(last)
		if !ok || given < begin {
			return whole, nil
		}
		end = min(end, given)
	}
	if begin >= size {
		return whole, unsatisfiable(size)
	}
	return byteRange{begin, end - begin + 1, true}, nil
}

// position parses a number of digits alone. One that is too large for an int64 is the largest.
func position(digits string) (n int64, ok bool) {
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, _ = strconv.ParseInt(digits, 10, 64) // too large is the largest
	return n, true
}

// unsatisfiable returns the error of a range that begins after the end of a file.
func unsatisfiable(size int64) error {
	err := &tranship.InvalidError{Field: "Range", Rule: "it begins after the end of the file, which has " + strconv.FormatInt(size, 10) + " bytes"}
	return httpadmission.WithHeader(httpadmission.WithStatus(err, http.StatusRequestedRangeNotSatisfiable),
		"Content-Range", "bytes */"+strconv.FormatInt(size, 10))
}
