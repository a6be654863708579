package browser

import (
	"context"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// origin is the origin of a server with one more page, which does what it is told. A file of the
// server that runs at all has the rights of this origin.
type origin struct {
	*httptest.Server
	t *testing.T

	mu sync.Mutex
	// changed is closed, and made again, when a request has been answered.
	changed chan struct{}
	// answered has the URLs that were, without the scheme and the host, and ran those of scripts.
	answered, ran map[string]bool
}

// browserKind is how much of the protection of the server a browser understands.
type browserKind int

const (
	// today: all of it.
	today browserKind = iota
	// old: only the type of a file, and that it is not to be shown.
	old
	// careless: none. The server has no protection then.
	careless
)

// newOrigin returns the origin of a server for a kind of browser.
func newOrigin(t *testing.T, s *server, kind browserKind) *origin {
	o := &origin{t: t, changed: make(chan struct{}), answered: map[string]bool{}, ran: map[string]bool{}}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: s.address})
			if kind != today {
				for _, name := range []string{"Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Fetch-User", "Service-Worker"} {
					r.Out.Header.Del(name)
				}
			}
		},
		ModifyResponse: func(r *http.Response) error {
			if kind != today {
				r.Header.Del("Content-Security-Policy")
				r.Header.Del("Cross-Origin-Resource-Policy")
			}
			if kind == careless {
				r.Header.Del("Content-Disposition")
				r.Header.Del("X-Content-Type-Options")
				r.Header.Del("Content-Type")
				if known := mime.TypeByExtension(path.Ext(r.Request.URL.Path)); known != "" {
					r.Header.Set("Content-Type", known)
				}
			}
			return nil
		},
	}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, isScript := strings.CutPrefix(r.URL.Path, "/ran/")
		switch {
		case isScript:
		case r.URL.Path == "/host":
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<!DOCTYPE html><title>host</title><body></body>")
		default:
			proxy.ServeHTTP(w, r)
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		if isScript {
			o.ran[name] = true
		}
		o.answered[r.URL.RequestURI()] = true
		close(o.changed)
		o.changed = make(chan struct{})
	}))
	t.Cleanup(func() {
		o.CloseClientConnections()
		o.Close()
	})
	return o
}

// await waits until something holds, and reports what it waited for if it does not.
func (o *origin) await(what string, holds func() bool) {
	o.t.Helper()
	late := time.After(patience)
	for {
		o.mu.Lock()
		changed, done := o.changed, holds()
		o.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-late:
			o.t.Fatalf("%s has not come", what)
		}
	}
}

// use opens the host page in a tab of its own, and uses files in all ways. It returns when the
// server has answered all of them, and scripts that have come with the answers have begun.
func (o *origin) use(paths ...string) {
	o.t.Helper()
	ctx, cancel := chromedp.NewContext(tested.browser, chromedp.WithNewBrowserContext())
	defer cancel()
	b := &tab{t: o.t, ctx: ctx}
	if err := chromedp.Do(ctx); err != nil {
		o.t.Fatal(err)
	}
	b.run(chromedp.Navigate(o.URL + "/host"))
	var script strings.Builder
	var targets []string
	for _, path := range paths {
		for name, way := range ways() {
			if strings.HasSuffix(path, ".swf") && (name == "embed" || name == "object") {
				continue // a browser without that plugin does not request it
			}
			targets = append(targets, "/files/"+escaped(path)+"?"+name)
			fmt.Fprintf(&script, "{const u = %s; %s}\n", quoted(targets[len(targets)-1]), way)
		}
	}
	eval[any](b, script.String()+"null")
	for _, target := range targets {
		o.await(target, func() bool { return o.answered[target] })
	}
	for _, path := range paths {
		o.navigate(ctx, "/files/"+escaped(path)+"?navigation")
	}
	b.run(chromedp.Navigate(o.URL + "/host"))
	last := fmt.Sprint("last-", len(paths), "-", paths[0])
	eval[any](b, `fetch(`+quoted("/ran/"+last)+`).then(() => null)`)
	o.await("the last script", func() bool { return o.ran[last] })
}

// navigate opens a file in place of the page. It becomes a download, which ends the navigation.
func (o *origin) navigate(ctx context.Context, target string) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_ = chromedp.Do(ctx, chromedp.Navigate(o.URL+target)) // which may be aborted
	o.await(target, func() bool { return o.answered[target] })
}

// scripts returns the names of the files whose scripts have run.
func (o *origin) scripts() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(o.ran)), func(name string) bool { return strings.HasPrefix(name, "last-") })
}

// TestStoredScripts uses files that would run in all ways that a page has. None runs, whether the
// browser understands all of the server's protection or only the oldest part of it.
func TestStoredScripts(t *testing.T) {
	for name, kind := range map[string]browserKind{"today": today, "old": old} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			o := newOrigin(t, s, kind)
			paths := slices.Sorted(maps.Keys(corpus("")))
			for number, path := range paths {
				s.write(path, corpus(fmt.Sprint(o.URL, "/ran/", number))[path])
			}
			o.use(paths...)
			if got := o.scripts(); len(got) > 0 {
				t.Errorf("the scripts of the files %q of %q have run", got, paths)
			}
		})
	}
}

// TestCarelessScripts checks that the scripts of TestStoredScripts do run where nothing keeps them
// from it.
func TestCarelessScripts(t *testing.T) {
	s := serve(t)
	o := newOrigin(t, s, careless)
	for _, path := range []string{"page.html", "page.xhtml", "image.svg", "script.js", "feed.xml", "style.xsl", "style.css", "noextension"} {
		s.write(path, corpus(o.URL + "/ran/" + path)[path])
	}
	for _, path := range []string{"page.html", "page.xhtml", "image.svg", "script.js", "style.css", "noextension"} {
		o.use(path)
		o.await("the script of "+path, func() bool { return o.ran[path] })
	}
}

// TestErrorPages checks that the browser shows an error with markup in it as text.
func TestErrorPages(t *testing.T) {
	s := serve(t)
	for _, target := range []string{"/files/<img src=x onerror=alert(1)>", "/<script>alert(1)<", "/files//<svg onload=alert(1)>", "/files/?<b>"} {
		b := &tab{t: t, server: s}
		ctx, cancel := chromedp.NewContext(tested.browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(b.observe))
		b.ctx = ctx
		if err := chromedp.Do(ctx); err != nil {
			t.Fatal(err)
		}
		b.run(chromedp.Navigate("http://" + s.address + strings.ReplaceAll(target, " ", "%20")))
		if kind := eval[string](b, "document.contentType"); kind != "text/plain" && kind != "text/html" {
			t.Errorf("%s is shown as %s", target, kind)
		}
		if count := eval[int](b, `document.querySelectorAll("img[onerror], svg[onload], script:not([src])").length`); count > 0 {
			t.Errorf("%s has become elements of the page", target)
		}
		cancel()
	}
}
