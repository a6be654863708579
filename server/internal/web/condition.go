package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// etag returns the entity tag of a version. A version is opaque: it is quoted such that every tag
// is valid (RFC 9110, section 8.8.3).
func etag(version string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(version) {
		if c := version[i]; c > ' ' && c < 0x7f && c != '"' && c != '%' && c != ',' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// tags returns the entity tags of a header; any means "*".
func tags(values []string) (tags []string, any bool) {
	for _, value := range values {
		for tag := range strings.SplitSeq(value, ",") {
			tag = strings.TrimSpace(tag)
			any = any || tag == "*"
			tags = append(tags, tag)
		}
	}
	return tags, any
}

// readCondition evaluates the conditions of GET and HEAD against a file, in the order of RFC 9110,
// section 13.2.2. It returns 0 if they hold, 304 or 412.
func readCondition(header http.Header, file tranship.File) int {
	current := etag(file.Version)
	if values := header.Values("If-Match"); len(values) > 0 {
		if have, any := tags(values); !any && !slices.Contains(have, current) {
			return http.StatusPreconditionFailed
		}
	} else if since, ok := httpTime(header.Get("If-Unmodified-Since")); ok && modified(file).After(since) {
		return http.StatusPreconditionFailed
	}
	if values := header.Values("If-None-Match"); len(values) > 0 {
		have, any := tags(values)
		for i := range have {
			have[i] = strings.TrimPrefix(have[i], "W/") // weak comparison
		}
		if any || slices.Contains(have, current) {
			return http.StatusNotModified
		}
	} else if since, ok := httpTime(header.Get("If-Modified-Since")); ok && !modified(file).After(since) {
		return http.StatusNotModified
	}
	return 0
}

// rangeCondition reports whether If-Range lets a range of a file be read: without it, or if the
// client has bytes of the same version.
func rangeCondition(header http.Header, file tranship.File) bool {
	value := header.Get("If-Range")
	// A time is only to the second, which does not tell two versions apart.
	return value == "" || value == etag(file.Version)
}

// modified returns the time of a file as HTTP has it, to the second.
func modified(file tranship.File) time.Time { return file.ModTime.UTC().Truncate(time.Second) }

func httpTime(value string) (time.Time, bool) {
	parsed, err := http.ParseTime(value)
	return parsed, err == nil && value != ""
}

// condition is that of PUT and DELETE.
type condition struct {
	// Precondition is what the store compares atomically with the change.
	tranship.Precondition
	// mustExist: a file must be at the path, of any version.
	mustExist bool
}

// changeCondition returns the condition of PUT and DELETE.
func changeCondition(header http.Header) (condition, error) {
	match, noMatch := header.Values("If-Match"), header.Values("If-None-Match")
	invalid := func(field, rule string) error { return &tranship.InvalidError{Field: field, Rule: rule} }
	// The others of RFC 9110 do not apply to a change.
	if header.Get("If-Unmodified-Since") != "" {
		return condition{}, invalid("If-Unmodified-Since", "a change has no such condition: use If-Match with the ETag of the file")
	}
	switch {
	case len(match) > 0 && len(noMatch) > 0:
		return condition{}, invalid("If-None-Match", "a change has only one of If-Match and If-None-Match")
	case len(noMatch) > 0:
		if have, any := tags(noMatch); !any || len(have) != 1 {
			return condition{}, invalid("If-None-Match", "a change has only If-None-Match: *, for a file that must not exist")
		}
		return condition{Precondition: tranship.Precondition{MustNotExist: true}}, nil
	case len(match) == 0:
		return condition{}, nil
	}
	have, any := tags(match)
	if len(have) != 1 {
		return condition{}, invalid("If-Match", "a change has If-Match with one ETag, or with *")
	}
	if any {
		return condition{mustExist: true}, nil
	}
	version, err := versionOf(have[0])
	if err != nil {
		return condition{}, err
	}
	return condition{Precondition: tranship.Precondition{MustMatchVersion: version}}, nil
}

// errNoFile is the error of a change of a file that must exist, and does not.
func errNoFile(path string) error {
	return &tranship.PathError{Path: path, Err: failure.Worded(tranship.ErrPrecondition, "%v: there is no file", tranship.ErrPrecondition)}
}

// versionOf returns the version of an entity tag.
func versionOf(tag string) (string, error) {
	inner, ok := strings.CutPrefix(tag, `"`)
	inner, closed := strings.CutSuffix(inner, `"`)
	version, err := url.PathUnescape(inner)
	if !ok || !closed || err != nil || version == "" {
		return "", &tranship.InvalidError{Field: "If-Match", Rule: fmt.Sprintf("%q is not an ETag of a file", tag)}
	}
	return version, nil
}
