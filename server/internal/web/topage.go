package web

import (
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/tranship/tranship/server/internal/httpadmission"
)

// WantsPage reports whether a request comes from the address bar of a browser: its header Accept
// names HTML, which programs do not ask for.
func WantsPage(r *http.Request) bool {
	for _, value := range r.Header.Values("Accept") {
		for accepted := range strings.SplitSeq(value, ",") {
			if kind, _, err := mime.ParseMediaType(accepted); err == nil && kind == "text/html" {
				return true
			}
		}
	}
	return false
}

// toPage sends a browser to the page that shows a directory. It tells nothing of the directory.
func toPage(e *httpadmission.Exchange, directory string) error {
	segments := strings.Split(directory, "/")
	for i, segment := range segments {
		segments[i] = url.PathEscape(segment)
	}
	location := "/#/"
	if directory != "" {
		location += strings.Join(segments, "/") + "/"
	}
	header := e.Header()
	header.Set("Location", location)
	header.Set("Vary", "Accept")
	header.Set("Cache-Control", "no-cache")
	httpadmission.Protect(header)
	return e.WriteHeader(http.StatusSeeOther)
}
