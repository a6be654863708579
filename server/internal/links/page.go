package links

import (
	"bytes"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/server/internal/httpadmission"
)

// pageEntries is how many files a page has at most.
const pageEntries = 1000

// listing is what a page shows.
type listing struct {
	Files []listedFile
	// Next is the query of the next page; "" for the last one.
	Next string
}

type listedFile struct {
	Name string
	Size int64
	// Address is relative to that of the page.
	Address string
}

// showFiles lists the files below the directory of a link as a page without scripts.
func (s *Service) showFiles(e *httpadmission.Exchange, link *access.Link) error {
	base := link.Path + "/"
	options := tranship.ListOptions{Directory: link.Path, Recursive: true, Limit: pageEntries, Brief: true}
	if after := e.Request.URL.Query().Get("start-after"); after != "" {
		options.StartAfter = base + after
	}
	if err := options.Validate(); err != nil {
		return err
	}
	var shown listing
	for entry, err := range s.book.options.Store.List(e.Context(), options) {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(entry.Path, base)
		shown.Files = append(shown.Files, listedFile{name, entry.Size, "./" + (&url.URL{Path: name}).EscapedPath()})
	}
	if len(shown.Files) == pageEntries {
		shown.Next = "?" + url.Values{"start-after": {shown.Files[pageEntries-1].Name}}.Encode()
	}
	header := e.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "private, no-store")
	httpadmission.Protect(header)
	header.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-downloads")
	if err := e.WriteHeader(http.StatusOK); err != nil {
		return err
	}
	if e.Request.Method == http.MethodHead {
		return nil
	}
	_, err := e.Write(shown.render())
	return err
}

// render returns the page as HTML. A template would keep the methods of all types in the program.
func (l listing) render() []byte {
	var b bytes.Buffer
	b.WriteString(pageHead)
	if len(l.Files) == 0 {
		b.WriteString("<p>There are no files.\n")
	} else {
		b.WriteString("<ul>\n")
		for _, file := range l.Files {
			fmt.Fprintf(&b, "<li><a href=\"%s\" download>%s</a> (%d bytes)\n", html.EscapeString(file.Address), html.EscapeString(file.Name), file.Size)
		}
		b.WriteString("</ul>\n")
	}
	if l.Next != "" {
		fmt.Fprintf(&b, "<p><a href=\"%s\">More files</a>\n", html.EscapeString(l.Next))
	}
	b.WriteString("</html>\n")
	return b.Bytes()
}

const pageHead = `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Shared files</title>
<h1>Shared files</h1>
`
