package httpadmission

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/tranship/tranship"
)

// Protect sets the headers that keep a browser from running a response in the server's origin, and
// other sites from using it. It is for every response with something that users have stored or
// named.
func Protect(header http.Header) {
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Referrer-Policy", "no-referrer")
}

// Attach sets the headers of a response with the content of the file at path: a browser saves it
// under the name of the file, and does not show it, whatever it contains.
func Attach(header http.Header, path string) {
	header.Set("Content-Type", "application/octet-stream")
	header.Set("Content-Disposition", attachment(path[strings.LastIndexByte(path, '/')+1:]))
	Protect(header)
}

// attachment returns the value of Content-Disposition for a name. Browsers understand escapes in
// filename in different ways: a name that needs one is in filename* (RFC 8187), which they prefer,
// and what other clients have is the name with "_" for each such character.
func attachment(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || strings.ContainsRune(`"\%`, r) {
			return '_'
		}
		return r
	}, name)
	value := `attachment; filename="` + plain + `"`
	if plain != name {
		value += "; filename*=UTF-8''" + extended(name)
	}
	return value
}

// extended returns text as an ext-value of RFC 8187 has it.
func extended(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!#$&+-.^_`|~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// errRun is why the server does not answer a request of a browser for something to run.
func errRun(what string) error {
	return fmt.Errorf("%w: a browser cannot run what users have stored as %s of this server", tranship.ErrDenied, what)
}

// RefuseRunning returns an error that matches tranship.ErrDenied if a browser says that it requests
// something that it would run in the server's origin, such as a script, a style sheet or a service
// worker. Protect keeps a browser from running a response; this also holds in a browser that does
// not understand its headers.
func RefuseRunning(r *http.Request) error {
	if r.Header.Get("Service-Worker") != "" {
		return errRun("a service worker")
	}
	switch destination := r.Header.Get("Sec-Fetch-Dest"); destination {
	case "script", "style", "xslt", "worker", "sharedworker", "serviceworker", "audioworklet", "paintworklet",
		"object", "embed", "frame", "iframe", "manifest", "json", "webidentity":
		return errRun("a " + destination)
	}
	return nil
}
