package tranship

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// ReservedSegment is the segment that no path may begin with, in any letter case: stores
// keep their own state below it.
const ReservedSegment = ".tranship"

// ValidatePath returns an *InvalidError for the field "path" if path cannot be the path of
// a file, and nil otherwise. A path is valid UTF-8, relative and separated by '/'. It has
// at most MaxPathBytes bytes, and each segment at most MaxSegmentBytes. It has no segment
// that is empty, "." or "..", and no control character (Unicode category Cc, which
// includes NUL). Its first segment is not ReservedSegment, in any letter case.
func ValidatePath(path string) error {
	if rule := brokenPathRule(path); rule != "" {
		return &InvalidError{Field: "path", Rule: rule}
	}
	return nil
}

// ValidateDirectory is like ValidatePath, but also allows "", the root of a store. Its
// error is for the field "directory".
func ValidateDirectory(path string) error {
	if path == "" {
		return nil
	}
	if rule := brokenPathRule(path); rule != "" {
		return &InvalidError{Field: "directory", Rule: rule}
	}
	return nil
}

func brokenPathRule(path string) string {
	switch {
	case path == "":
		return "a path must not be empty"
	case len(path) > MaxPathBytes:
		return "a path must have at most 1024 bytes"
	case !utf8.ValidString(path):
		return "a path must be valid UTF-8"
	case strings.ContainsFunc(path, unicode.IsControl):
		return "a path must not contain NUL or other control characters"
	case path[0] == '/':
		return "a path must be relative, without a leading '/'"
	}
	first := true
	for segment := range strings.SplitSeq(path, "/") {
		switch {
		case segment == "":
			return "a path must not contain empty segments ('//', or '/' at its end)"
		case segment == "." || segment == "..":
			return "a path must not contain '.' or '..' segments"
		case len(segment) > MaxSegmentBytes:
			return "a segment of a path must have at most 255 bytes"
		case first && strings.EqualFold(segment, ReservedSegment):
			return "a path must not begin with the reserved segment '.tranship'"
		}
		first = false
	}
	return ""
}
