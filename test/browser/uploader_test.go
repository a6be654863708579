package browser

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// application is the page of a web application of another origin, which has uploaders of its own.
type application struct {
	// origin is what the browser calls the application.
	origin string
	token  string
	// endpoint is the URL at which it uploads.
	endpoint string
}

const applicationPage = `<!DOCTYPE html><meta charset="utf-8"><title>application</title>
<input type="file" multiple><pre></pre><script type="module" src="/main.js"></script>`

// newApplication serves an application.
func newApplication(t *testing.T) *application {
	t.Helper()
	bundle := filepath.Join(t.TempDir(), "main.js")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	build := exec.CommandContext(ctx, filepath.Join("node_modules", ".bin", "esbuild"), "uploader/main.js",
		"--bundle", "--format=esm", "--target=es2022", "--log-level=warning", "--outfile="+bundle)
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("esbuild: %v: %s", err, output)
	}
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/main.js" {
			http.ServeFile(w, r, bundle)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(applicationPage))
	}))
	t.Cleanup(served.Close)
	// A port makes another origin, and a name another site.
	return &application{origin: strings.Replace(served.URL, "127.0.0.1", "localhost", 1)}
}

// start starts a server with a gate that knows the application, which then uploads through the gate.
func (a *application) start(t *testing.T, left int64) (*server, *gate) {
	t.Helper()
	tokens, secret := token(t)
	s := serve(t, "--tokens", tokens, "--http-origin", a.origin)
	s.token = secret
	g := newGate(t, s, left)
	a.token, a.endpoint = secret, g.URL+"/uploads/"
	return s, g
}

// open opens the page of the application.
func (a *application) open(t *testing.T) *tab {
	t.Helper()
	b := openURL(t, a.origin, look{})
	b.wait("globalThis.app")
	return b
}

// settings returns the settings of an uploader, with more options.
func (a *application) settings(options string) string {
	return fmt.Sprintf("{endpoint: %s, token: %s, %s}", quoted(a.endpoint), quoted(a.token), options)
}

// do runs a statement of the application.
func (b *tab) do(statement string) {
	b.t.Helper()
	eval[any](b, "(async () => { "+statement+"; return null })()")
}

// uploaded waits until the upload of the application has ended, and fails unless it is well.
func (b *tab) uploaded(count int) {
	b.t.Helper()
	b.wait("app.seen.ended")
	got := eval[struct {
		Error  string
		Result struct{ Successful, Failed int }
	}](b, "app.seen")
	if got.Error != "" || got.Result.Successful != count || got.Result.Failed != 0 {
		b.t.Fatalf("the uploader has %+v, want %d files", got, count)
	}
}
