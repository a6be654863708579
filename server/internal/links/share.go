package links

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/timespan"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/internal/httpadmission"
	"github.com/tranship/tranship/server/internal/web"
)

const (
	// maxBody is how long the body of a request may be: a path and a few numbers.
	maxBody = 16 << 10
	// lineBytes is how many bytes of a list are written at once.
	lineBytes = 32 << 10
)

// Shares answers the requests of principals about their links over HTTP:
//
//	POST   /share/    makes a link
//	GET    /share/    lists the caller's links as lines of JSON
//	DELETE /share/ID  revokes a link
//
// It is safe for concurrent use.
type Shares struct {
	book    *Book
	adapter *httpadmission.Adapter
}

var _ http.Handler = (*Shares)(nil)

// NewShares returns the handler for the links in book.
func NewShares(book *Book, adapter *httpadmission.Adapter) *Shares { return &Shares{book, adapter} }

// shareRequest is the body of a request for a link.
type shareRequest struct {
	Path    string `json:"path"`
	Upload  bool   `json:"upload"`
	Expires string `json:"expires"`
	MaxSize int64  `json:"max_size"`
	MaxUses int64  `json:"max_uses"`
}

// shared is a link in a response.
type shared struct {
	ID      string    `json:"id"`
	URL     string    `json:"url,omitempty"`
	Path    string    `json:"path"`
	Upload  bool      `json:"upload"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	MaxSize int64     `json:"max_size,omitempty"`
	MaxUses int64     `json:"max_uses,omitempty"`
	Uses    int64     `json:"uses"`
}

func sharedOf(l Link) shared {
	return shared{l.ID, l.URL, l.Path, l.Upload, l.Created, l.Expires, l.MaxBytes, l.MaxUses, l.Uses}
}

// ServeHTTP implements http.Handler.
func (s *Shares) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request, handler := s.call(r)
	s.adapter.Serve(w, r, request, handler)
}

// call returns what a request asks for.
func (s *Shares) call(r *http.Request) (httpadmission.Request, func(*httpadmission.Exchange) error) {
	id := strings.TrimPrefix(r.URL.EscapedPath()+"/", sharePrefix) // "/share" is "/share/"
	id = strings.TrimSuffix(id, "/")
	switch {
	case id == "" && r.Method == http.MethodPost:
		return httpadmission.Request{Method: methodCreate, Owes: r.ContentLength != 0}, s.create
	case id == "" && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		return httpadmission.Request{Method: methodList}, s.list
	case id == "":
		return refused(web.NotAllowed("links have only GET and POST", http.MethodGet, http.MethodHead, http.MethodPost))
	case !isID(id):
		return refused(errNoLink)
	case r.Method != http.MethodDelete:
		return refused(web.NotAllowed("a link has only DELETE", http.MethodDelete))
	}
	return httpadmission.Request{Method: methodRevoke, Names: admission.Names{}}, func(e *httpadmission.Exchange) error {
		if err := s.book.Revoke(e.Context(), id); err != nil {
			return err
		}
		return e.WriteHeader(http.StatusNoContent)
	}
}

// create makes a link.
func (s *Shares) create(e *httpadmission.Exchange) error {
	asked, err := readRequest(e)
	if err != nil {
		return err
	}
	link, err := s.book.Create(e.Context(), asked)
	if err != nil {
		return err
	}
	header := e.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Location", sharePrefix+link.ID)
	return writeJSON(e, http.StatusCreated, sharedOf(link))
}

// writeJSON answers a request with a value. The caller has set Cache-Control.
func writeJSON(e *httpadmission.Exchange, status int, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	header := e.Header()
	header.Set("Content-Type", "application/json")
	httpadmission.Protect(header)
	if err := e.WriteHeader(status); err != nil || e.Request.Method == http.MethodHead {
		return err
	}
	_, err = e.Write(append(text, '\n'))
	return err
}

// readRequest reads the body of a request for a link. It must be JSON by its header, which a form of
// another site cannot say.
func readRequest(e *httpadmission.Exchange) (Request, error) {
	invalid := func(field, format string, args ...any) (Request, error) {
		return Request{}, &tranship.InvalidError{Field: field, Rule: fmt.Sprintf(format, args...)}
	}
	kind, _, err := mime.ParseMediaType(e.Request.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		_, err := invalid("Content-Type", "a link is described in application/json")
		return Request{}, httpadmission.WithStatus(err, http.StatusUnsupportedMediaType)
	}
	e.LimitBody(maxBody, httpadmission.WithStatus(&tranship.InvalidError{Field: "body", Rule: fmt.Sprintf("it has more than %d bytes", maxBody)}, http.StatusRequestEntityTooLarge))
	body, err := io.ReadAll(e)
	if err != nil {
		return Request{}, err
	}
	var asked shareRequest
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&asked); err != nil {
		if mistyped, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return invalid(cmp.Or(mistyped.Field, "body"), "it must not be a JSON %s", mistyped.Value)
		}
		return invalid("body", "it is not the JSON of a link: %v", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return invalid("body", "it has more than one value")
	}
	lifetime := time.Duration(0)
	if asked.Expires != "" {
		var ok bool
		if lifetime, ok = timespan.Parse(asked.Expires); !ok {
			return invalid("expires", "%q: "+timespan.Rule, asked.Expires)
		}
		if lifetime <= 0 {
			return invalid("expires", "%q: it must be more than 0", asked.Expires)
		}
	}
	return Request{Path: asked.Path, Upload: asked.Upload, Lifetime: lifetime, MaxBytes: asked.MaxSize, MaxUses: asked.MaxUses}, nil
}

// list lists the caller's links. A list that fails in the middle ends without the end of its body.
func (s *Shares) list(e *httpadmission.Exchange) error {
	var lines bytes.Buffer
	begun := false
	flush := func() error {
		if !begun {
			begun = true
			header := e.Header()
			header.Set("Content-Type", "application/jsonl; charset=utf-8")
			header.Set("Cache-Control", "no-store")
			httpadmission.Protect(header)
			if err := e.WriteHeader(http.StatusOK); err != nil {
				return err
			}
		}
		if lines.Len() == 0 || e.Request.Method == http.MethodHead {
			return nil
		}
		_, err := e.Write(lines.Bytes())
		lines.Reset()
		return err
	}
	encoder := json.NewEncoder(&lines)
	encoder.SetEscapeHTML(false)
	for link, err := range s.book.List(e.Context()) {
		if err != nil {
			return err
		}
		if err := encoder.Encode(sharedOf(link)); err != nil {
			return err
		}
		if lines.Len() >= lineBytes {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}
