package web

import (
	"github.com/tranship/tranship/server/internal/httpadmission"
)

// Download answers GET and HEAD of a file as the Service itself does, for a part of the server that
// has files at other paths. begin is called before anything is sent of the content, with the first
// byte that is sent, perhaps more than once: if it fails, so does Download.
func (s *Service) Download(e *httpadmission.Exchange, path string, begin func(offset int64) error) error {
	return s.get(e, path, begin)
}

// Upload stores the body of a PUT as the Service itself does.
func (s *Service) Upload(e *httpadmission.Exchange, path string) error { return s.put(e, path) }

// ListBelow lists a directory as the Service itself does, with paths that begin below base.
func (s *Service) ListBelow(e *httpadmission.Exchange, directory, base string) error {
	return s.list(e, directory, base+"/")
}

// NotAllowed returns the error of a method that a resource does not have. methods are those that it
// has.
func NotAllowed(text string, methods ...string) error { return notAllowed(text, methods...) }
