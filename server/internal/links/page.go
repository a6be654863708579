package links

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/bytesize"
	"github.com/tranship/tranship/server/internal/httpadmission"
	"github.com/tranship/tranship/server/internal/web"
)

// pageEntries is how many files a page has at most.
const pageEntries = 1000

// listing is what a page shows.
type listing struct {
	Files []listedFile
	// Next is the query of the next page; "" for the last one.
	Next  string
	Texts pageTexts
}

type listedFile struct {
	Name string
	Size int64
	// Address is relative to that of the page.
	Address string
}

// pageTexts are the texts of a page in a language.
type pageTexts struct{ Language, Title, Empty, More string }

// textsFor returns the texts in the language that a browser prefers: Chinese, or else English. Browsers
// list languages in the order in which their users want them.
func textsFor(accepted string) pageTexts {
	for tag := range strings.SplitSeq(accepted, ",") {
		tag, _, _ = strings.Cut(tag, ";")
		switch language, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-"); language {
		case "zh":
			return pageTexts{"zh-Hans", "共享文件", "没有文件。", "更多文件"}
		case "en":
			return pageTexts{"en", "Shared files", "There are no files.", "More files"}
		}
	}
	return textsFor("en")
}

// showFiles lists the files below the directory of a link as a page without scripts.
func (s *Service) showFiles(e *httpadmission.Exchange, link *access.Link) error {
	base := link.Path + "/"
	options := tranship.ListOptions{Directory: link.Path, Recursive: true, Limit: pageEntries, Brief: true}
	after, err := web.StartAfter(e.Request.URL.Query())
	if err != nil {
		return err
	}
	if after != "" {
		options.StartAfter = base + after
	}
	shown := listing{Texts: textsFor(e.Request.Header.Get("Accept-Language"))}
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
	header.Set("Content-Security-Policy", pagePolicy())
	if err := e.WriteHeader(http.StatusOK); err != nil {
		return err
	}
	if e.Request.Method == http.MethodHead {
		return nil
	}
	_, err = e.Write(shown.render())
	return err
}

// pagePolicy lets the page have its own style, and nothing else.
func pagePolicy() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-downloads"
}

// render returns the page as HTML. A template would keep the methods of all types in the program.
func (l listing) render() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, pageHead, l.Texts.Language, l.Texts.Title, pageStyle, l.Texts.Title)
	if len(l.Files) == 0 {
		fmt.Fprintf(&b, "<p>%s\n", l.Texts.Empty)
	} else {
		b.WriteString("<ul>\n")
		for _, file := range l.Files {
			fmt.Fprintf(&b, "<li><a href=\"%s\" download>%s</a> <span>%s</span>\n", html.EscapeString(file.Address), html.EscapeString(file.Name), bytesize.Text(float64(file.Size)))
		}
		b.WriteString("</ul>\n")
	}
	if l.Next != "" {
		fmt.Fprintf(&b, "<p><a href=\"%s\">%s</a>\n", html.EscapeString(l.Next), l.Texts.More)
	}
	b.WriteString("</main>\n</html>\n")
	return b.Bytes()
}

// pageStyle has the colours of the page of the server.
const pageStyle = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, "Noto Sans", "Noto Sans CJK SC", sans-serif; }
body { margin: 0; background: light-dark(#f6f7f9, #11161d); color: light-dark(#1b2330, #e6ebf2); }
main { max-width: 62rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.25rem; }
ul { margin: 0; padding: 0 1rem; list-style: none; border: 1px solid light-dark(#d9dee6, #333d4b); border-radius: 8px; background: light-dark(#fff, #1a212b); }
li { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; padding: .5rem 0; overflow-wrap: anywhere; }
li + li { border-top: 1px solid light-dark(#d9dee6, #333d4b); }
a { color: light-dark(#0b5cad, #7cb8f5); }
span { color: light-dark(#566173, #a3afbf); white-space: nowrap; }`

// pageHead has places for the language, the title, the style and the title again.
const pageHead = `<!DOCTYPE html>
<html lang="%s">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>%s</title>
<style>%s</style>
<main>
<h1>%s</h1>
`
