package links

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/internal/caller"
	"github.com/tranship/tranship/server/internal/httpadmission"
	"github.com/tranship/tranship/server/internal/web"
)

const (
	// Prefix is the beginning of the paths of links.
	Prefix = "/s/"
	// sharePrefix is the path at which principals make links and list theirs.
	sharePrefix = "/share/"
)

// TokenHeader is the header that has the token of a link where the path of a request does not.
const TokenHeader = "Tranship-Link"

// The names of calls.
const (
	methodCreate = "/http/LinkCreate"
	methodList   = "/http/LinkList"
	methodRevoke = "/http/LinkRevoke"
	methodGet    = "/http/LinkGet"
	methodHead   = "/http/LinkHead"
	methodFiles  = "/http/LinkFiles"
	methodPut    = "/http/LinkPut"
)

// Methods returns the names of all calls over HTTP, for metrics.
func Methods() []string {
	return []string{methodCreate, methodList, methodRevoke, methodGet, methodHead, methodFiles, methodPut}
}

// Service answers requests to links over HTTP:
//
//	GET, HEAD /s/TOKEN       reads the file of a link or a range of it
//	GET, HEAD /s/TOKEN/      lists the directory of a link, as lines of JSON or as a page, or
//	                         describes a link for uploads, as JSON or as a page
//	GET, HEAD /s/TOKEN/PATH  reads a file below the directory
//	PUT       /s/TOKEN/PATH  stores a new file below the directory of a link for uploads
//
// Everything that has ended, that the link is not for or that is not there, is not found. It is safe
// for concurrent use.
type Service struct {
	book    *Book
	files   *web.Service
	adapter *httpadmission.Adapter
	page    Page
}

// Page shows browsers the page with which a link for uploads is used. It answers GET and HEAD.
type Page interface {
	Show(e *httpadmission.Exchange) error
}

var _ http.Handler = (*Service)(nil)

// NewService returns the service of the links in book. files has the files of the same store.
func NewService(book *Book, files *web.Service, adapter *httpadmission.Adapter, page Page) *Service {
	return &Service{book, files, adapter, page}
}

// target is what a request names.
type target struct {
	token string
	// isFile: the request names the link itself, without a slash after the token.
	isFile bool
	// path is the path below the directory of the link; "" for the directory.
	path string
}

// targetOf returns what a request names. Its path is decoded once, and not cleaned.
func targetOf(r *http.Request) (target, error) {
	rest := strings.TrimPrefix(r.URL.EscapedPath(), Prefix)
	token, escaped, below := strings.Cut(rest, "/")
	path, err := url.PathUnescape(escaped)
	if err != nil {
		return target{}, errNoLink
	}
	return target{token, !below, path}, nil
}

// ServeHTTP implements http.Handler.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	to, err := targetOf(r)
	if err == nil {
		err = httpadmission.RefuseRunning(r)
	}
	if err == nil && r.Method == http.MethodPut {
		err = web.RefuseQuery(r)
	}
	if err != nil {
		s.adapter.Serve(w, r, httpadmission.Request{Method: methodGet, Public: true}, func(*httpadmission.Exchange) error { return err })
		return
	}
	request := httpadmission.Request{Finder: s.book.Finder(to.token)}
	var handler func(e *httpadmission.Exchange, link *access.Link) error
	switch {
	case r.Method == http.MethodPut:
		request.Method, request.Owes = methodPut, r.ContentLength != 0
		handler = func(e *httpadmission.Exchange, link *access.Link) error { return s.put(e, link, to) }
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		request.Method, handler = methodGet, func(_ *httpadmission.Exchange, link *access.Link) error { return notAllowed(link, to) }
	case !to.isFile && to.path == "":
		request.Method, handler = methodFiles, s.list
	default:
		request.Method = methodGet
		if r.Method == http.MethodHead {
			request.Method = methodHead
		}
		handler = func(e *httpadmission.Exchange, link *access.Link) error { return s.get(e, link, to) }
	}
	s.adapter.Serve(w, r, request, func(e *httpadmission.Exchange) error {
		return Told(handler(e, access.FromContext(e.Context()).Link))
	})
}

// notAllowed returns the error of a method that what a request names does not have.
func notAllowed(link *access.Link, to target) error {
	if link.Action == access.Create && to.path == "" {
		return web.NotAllowed("the link is for storing files: PUT them below it", http.MethodGet, http.MethodHead)
	}
	if link.Action == access.Create {
		return web.NotAllowed("the link is for storing files: PUT them below it", http.MethodPut)
	}
	return web.NotAllowed("the link is for reading", http.MethodGet, http.MethodHead)
}

// clientOf names the client of a call, for downloads that it may resume.
func clientOf(ctx context.Context) string { return caller.PeerOf(access.PeerFromContext(ctx)) }

// pathOf returns the path of the store that a request names.
func pathOf(link *access.Link, to target) (string, error) {
	if to.isFile {
		return link.Path, nil
	}
	path := link.Path + "/" + to.path
	if err := tranship.ValidatePath(path); err != nil {
		return "", err
	}
	return path, nil
}

// get answers GET and HEAD of a file.
func (s *Service) get(e *httpadmission.Exchange, link *access.Link, to target) error {
	if link.Action != access.Read && to.isFile {
		return s.toDirectory(e, link)
	}
	if link.Action != access.Read {
		return notAllowed(link, to)
	}
	ctx := e.Context()
	path, err := pathOf(link, to)
	if err != nil {
		return errNoLink
	}
	if err := s.book.CheckDownload(ctx, link.ID, clientOf(ctx), path); err != nil {
		return err
	}
	counted := false
	err = s.files.Download(e, path, func(offset int64) error {
		if counted {
			return nil
		}
		counted = true
		return s.book.BeginDownload(ctx, link.ID, clientOf(ctx), path, offset)
	})
	if to.isFile && errors.Is(err, tranship.ErrNotFound) {
		return s.toDirectory(e, link)
	}
	return err
}

// toDirectory leads from the link to a directory without a slash after the token to that with one.
func (s *Service) toDirectory(e *httpadmission.Exchange, link *access.Link) error {
	r, _, err := s.book.load(e.Context(), link.ID)
	if err != nil || !r.Directory {
		return errNoLink
	}
	token := strings.TrimPrefix(e.Request.URL.EscapedPath(), Prefix)
	header := e.Header()
	header.Set("Location", Prefix+token+"/")
	header.Set("Cache-Control", "private, no-store")
	httpadmission.Protect(header)
	return e.WriteHeader(http.StatusSeeOther)
}

// list answers GET and HEAD of the directory of a link.
func (s *Service) list(e *httpadmission.Exchange, link *access.Link) error {
	if link.Action == access.Create {
		return s.describe(e, link)
	}
	r, _, err := s.book.load(e.Context(), link.ID)
	if err != nil {
		return err
	}
	if !r.Directory || r.isUsedUp() {
		return errNoLink
	}
	if web.WantsPage(e.Request) {
		return s.showFiles(e, link)
	}
	return s.files.ListBelow(e, link.Path, link.Path)
}

// put stores a new file below the directory of a link.
func (s *Service) put(e *httpadmission.Exchange, link *access.Link, to target) error {
	if link.Action != access.Create {
		return notAllowed(link, to)
	}
	if to.isFile || to.path == "" {
		return &tranship.InvalidError{Field: "path", Rule: "a file needs a name after the link: PUT " + Prefix + "TOKEN/NAME"}
	}
	path, err := pathOf(link, to)
	if err != nil {
		return err
	}
	if link.MaxBytes > 0 {
		tooLong := CheckSize(link, link.MaxBytes+1)
		if e.Request.ContentLength > link.MaxBytes {
			return tooLong
		}
		e.LimitBody(link.MaxBytes, tooLong)
	}
	giveBack, err := s.book.BeginUpload(e.Context(), link.ID)
	if err != nil {
		return err
	}
	stored := false
	defer func() {
		if !stored {
			giveBack()
		}
	}()
	err = s.files.Upload(e, path)
	stored = err == nil
	return err
}

// CheckSize returns a *tranship.LimitError if a file of a size may not be stored with a link.
func CheckSize(link *access.Link, size int64) error {
	if link.MaxBytes == 0 || size <= link.MaxBytes {
		return nil
	}
	return &tranship.LimitError{Limit: tranship.LimitLinkBytes, Allowed: link.MaxBytes, Asked: size, Rule: "the file is larger than the link allows"}
}

// refused is a request to /share/ that names nothing that can be called.
func refused(err error) (httpadmission.Request, func(*httpadmission.Exchange) error) {
	return httpadmission.Request{Method: methodList, Names: admission.Names{}}, func(*httpadmission.Exchange) error { return err }
}
