package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/internal/httpadmission"
)

// listed is a line of a list.
type listed struct {
	// Path ends with a slash for a directory, which has no other field.
	Path     string            `json:"path"`
	Size     *int64            `json:"size,omitempty"`
	Modified *time.Time        `json:"modified,omitempty"`
	ETag     string            `json:"etag,omitempty"`
	CRC32C   string            `json:"crc32c,omitempty"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

func listedOf(entry tranship.Entry) listed {
	if entry.IsDir {
		return listed{Path: entry.Path + "/"}
	}
	l := listed{Path: entry.Path, Size: &entry.Size, Modified: new(entry.ModTime.UTC()), ETag: etag(entry.Version), Metadata: entry.Metadata}
	if entry.CRC32C != nil {
		l.CRC32C = fmt.Sprintf("%08x", *entry.CRC32C)
	}
	return l
}

// list lists a directory as lines of JSON, with paths without base before them. A list that fails in
// the middle ends without the end of its body.
func (s *Service) list(e *httpadmission.Exchange, directory, base string) error {
	options, err := listOptions(e.Request.URL)
	if err != nil {
		return err
	}
	options.Directory = directory
	if options.StartAfter != "" {
		options.StartAfter = base + options.StartAfter
	}
	begun := false
	flush := func(lines *bytes.Buffer) error {
		if !begun {
			begun = true
			header := e.Header()
			header.Set("Content-Type", "application/jsonl; charset=utf-8")
			header.Set("Cache-Control", "private, no-cache")
			header.Set("Vary", "Accept")
			httpadmission.Protect(header)
			if err := e.WriteHeader(http.StatusOK); err != nil {
				return err
			}
		}
		if lines.Len() == 0 {
			return nil
		}
		_, err := e.Write(lines.Bytes())
		lines.Reset()
		return err
	}
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	encoder.SetEscapeHTML(false)
	for entry, err := range s.store.List(e.Context(), options) {
		if err != nil {
			return err
		}
		line := listedOf(entry)
		line.Path = strings.TrimPrefix(line.Path, base)
		if err := encoder.Encode(line); err != nil {
			return err
		}
		if lines.Len() >= pieceBytes/8 {
			if err := flush(&lines); err != nil {
				return err
			}
		}
	}
	return flush(&lines)
}

// startAfter is the name of the path in a query after which a list begins.
const startAfter = "start-after"

// StartAfter returns the path in a query after which a list begins; "" if there is none.
func StartAfter(query url.Values) (string, error) {
	values := query[startAfter]
	if len(values) == 0 {
		return "", nil
	}
	path := values[len(values)-1]
	if !utf8.ValidString(path) {
		return "", &tranship.InvalidError{Field: startAfter, Rule: "a path must be valid UTF-8"}
	}
	return path, nil
}

// listOptions returns what the query of a request selects.
func listOptions(from *url.URL) (tranship.ListOptions, error) {
	var options tranship.ListOptions
	query, err := url.ParseQuery(from.RawQuery)
	if err != nil {
		return options, &tranship.InvalidError{Field: "query", Rule: err.Error()}
	}
	for name, values := range query {
		value := values[len(values)-1]
		switch name {
		case "recursive":
			options.Recursive, err = strconv.ParseBool(value)
		case "limit":
			options.Limit, err = strconv.Atoi(value)
		case startAfter:
			options.StartAfter, err = StartAfter(query)
			if err != nil {
				return options, err
			}
		default:
			return options, &tranship.InvalidError{Field: name, Rule: "a list has only recursive, limit and start-after"}
		}
		if err != nil {
			return options, &tranship.InvalidError{Field: name, Rule: fmt.Sprintf("%q is not a value of it", value)}
		}
	}
	return options, options.Validate()
}
