// Package page serves the page in which browsers list, upload, download and share files:
//
//	GET, HEAD /           the page
//	GET, HEAD /page/NAME  its script, style and icon
//
// The page is the same for all callers and has no data of the store: its script asks the other
// parts of the server for them. The directory source has the scripts, which "make page" bundles
// with the library for uploads into assets. docs/browser.md describes the page for users.
package page

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/server/internal/httpadmission"
)

// method is the name of the call for limits, logs and metrics.
const method = "/http/Page"

// Methods returns the names of all calls, for metrics.
func Methods() []string { return []string{method} }

// prefix is the beginning of the paths of the assets.
const prefix = "/page/"

// pieceBytes is how much of an asset is written at once.
const pieceBytes = 64 << 10

// The policy lets the page run only scripts and styles of its own server, talk only to it, and be
// shown in no frame. So nothing that a name or a file has in it can run as a script of the page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

//go:embed assets
var embedded embed.FS

// asset is a file of the page.
type asset struct {
	contentType, etag string
	data              []byte
}

// Service serves the page. It is safe for concurrent use.
type Service struct {
	adapter *httpadmission.Adapter
	// assets are the files by their URL paths.
	assets map[string]asset
}

var _ http.Handler = (*Service)(nil)

// New returns the service.
func New(adapter *httpadmission.Adapter) *Service {
	return &Service{adapter: adapter, assets: assets(embedded)}
}

// assets returns the files of the page, which the program has.
func assets(files fs.FS) map[string]asset {
	all := map[string]asset{}
	for path, name := range paths() {
		data, err := fs.ReadFile(files, "assets/"+name)
		if err != nil {
			panic(err) // the program was built without it
		}
		_, extension, _ := strings.Cut(name, ".")
		sum := sha256.Sum256(data)
		all[path] = asset{contentTypes()[extension], `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`, data}
	}
	return all
}

// paths returns the names of the assets by their URL paths.
func paths() map[string]string {
	all := map[string]string{"/": "index.html"}
	for _, name := range []string{"page.js", "page.css", "icon.svg", "licenses.txt"} {
		all[prefix+name] = name
	}
	return all
}

func contentTypes() map[string]string {
	return map[string]string{
		"html": "text/html; charset=utf-8",
		"js":   "text/javascript; charset=utf-8",
		"css":  "text/css; charset=utf-8",
		"svg":  "image/svg+xml",
		"txt":  "text/plain; charset=utf-8",
	}
}

// ServeHTTP implements http.Handler.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.adapter.Serve(w, r, httpadmission.Request{Method: method, Public: true}, s.serve)
}

// serve answers a request with an asset.
func (s *Service) serve(e *httpadmission.Exchange) error {
	found, ok := s.assets[e.Request.URL.EscapedPath()]
	if !ok {
		return fmt.Errorf("%w: %s: the page has no such file", tranship.ErrNotFound, e.Request.URL.EscapedPath())
	}
	if e.Request.Method != http.MethodGet && e.Request.Method != http.MethodHead {
		err := fmt.Errorf("%w: the page has only GET and HEAD", tranship.ErrUnsupported)
		return httpadmission.WithHeader(httpadmission.WithStatus(err, http.StatusMethodNotAllowed), "Allow", "GET, HEAD")
	}
	return found.send(e)
}

// Show answers GET or HEAD with the page. Its script finds out by the path of the request what it is to show.
func (s *Service) Show(e *httpadmission.Exchange) error { return s.assets["/"].send(e) }

// send answers GET or HEAD with the asset.
func (a asset) send(e *httpadmission.Exchange) error {
	header := e.Header()
	header.Set("ETag", a.etag)
	header.Set("Cache-Control", "no-cache")
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Referrer-Policy", "no-referrer")
	if matches(e.Request.Header.Values("If-None-Match"), a.etag) {
		return e.WriteHeader(http.StatusNotModified)
	}
	header.Set("Content-Type", a.contentType)
	header.Set("Content-Length", strconv.Itoa(len(a.data)))
	if err := e.WriteHeader(http.StatusOK); err != nil || e.Request.Method == http.MethodHead {
		return err
	}
	for piece := range slices.Chunk(a.data, pieceBytes) {
		if _, err := e.Write(piece); err != nil {
			return err
		}
	}
	return nil
}

// matches reports whether the tags of If-None-Match have an ETag, by weak comparison.
func matches(values []string, etag string) bool {
	for _, value := range values {
		for tag := range strings.SplitSeq(value, ",") {
			if tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/"); tag == etag || tag == "*" {
				return true
			}
		}
	}
	return false
}
