package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/internal/httpadmission"
)

// MethodMove is the HTTP method that gives a file another path (RFC 4918, section 9.9).
const MethodMove = "MOVE"

// destinationOf returns the path that a request moves a file to. The header Destination has the
// path of a URL of this server, or the whole URL.
func destinationOf(r *http.Request) (string, error) {
	invalid := func(rule string) (string, error) {
		return "", &tranship.InvalidError{Field: "Destination", Rule: rule}
	}
	values := r.Header.Values("Destination")
	if len(values) != 1 {
		return invalid("MOVE has one header with the new path, " + filesPrefix + "…")
	}
	to, err := url.Parse(values[0])
	switch {
	case err != nil:
		return invalid(err.Error())
	case strings.ContainsAny(values[0], "?#"):
		return invalid("a destination has only a path: write %3F for a \"?\" in it, and %23 for a \"#\"")
	case to.User != nil || to.Opaque != "":
		return invalid("a destination has only a path")
	case to.Host != "" && !strings.EqualFold(to.Host, r.Host):
		return invalid("a file can be moved only within this server, " + r.Host)
	case to.Host == "" && to.Scheme != "", to.Host != "" && to.Scheme != "http" && to.Scheme != "https":
		return invalid("a destination is a path or a URL of this server")
	}
	destination, err := targetOf(&http.Request{URL: to})
	if err != nil {
		return invalid("files are at " + filesPrefix + " and their path")
	}
	if destination.isDir {
		return invalid("the path of a file does not end with a slash")
	}
	return destination.path, nil
}

// move gives a file another path. If-Match is a condition on the file, and "Overwrite: F" lets no
// other file be replaced.
func (s *Service) move(e *httpadmission.Exchange, source, destination string) error {
	header := e.Request.Header
	condition, err := changeCondition(header)
	if err != nil {
		return err
	}
	if condition.MustNotExist {
		return &tranship.InvalidError{Field: "If-None-Match", Rule: "MOVE has Overwrite: F, so that no file is replaced"}
	}
	precondition := tranship.Precondition{MustMatchSourceVersion: condition.MustMatchVersion}
	switch overwrite := header.Get("Overwrite"); overwrite {
	case "", "T":
	case "F":
		precondition.MustNotExist = true
	default:
		return &tranship.InvalidError{Field: "Overwrite", Rule: "it is T or F"}
	}
	file, err := s.store.Move(e.Context(), source, destination, precondition)
	if err != nil {
		if precondition.MustNotExist && errors.Is(err, tranship.ErrExists) {
			err = httpadmission.WithStatus(err, http.StatusPreconditionFailed)
		}
		return err
	}
	e.Header().Set("ETag", etag(file.Version))
	return e.WriteHeader(http.StatusCreated)
}
