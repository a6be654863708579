package browser

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// tab is a tab of the browser with the page of a server. It has its own cookies and storage.
type tab struct {
	t      *testing.T
	ctx    context.Context
	server *server

	mu sync.Mutex
	// broken are errors of scripts and violations of the policy.
	broken []string
}

// look is how the browser shows the page.
type look struct {
	language      string
	dark          bool
	width, height int64
}

// open opens the page of a server at a fragment.
func (s *server) open(t *testing.T, fragment string, look look) *tab {
	t.Helper()
	b := openURL(t, "http://"+s.address+"/"+fragment, look)
	b.server = s
	return b
}

// openURL opens any page.
func openURL(t *testing.T, url string, look look) *tab {
	t.Helper()
	b := &tab{t: t}
	ctx, cancel := chromedp.NewContext(tested.browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(b.observe))
	t.Cleanup(cancel)
	b.ctx = ctx
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	if look.width == 0 {
		look.width, look.height = 1100, 800
	}
	scheme := "light"
	if look.dark {
		scheme = "dark"
	}
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	actions := []chromedp.Action[chromedp.Void]{
		command(log.Enable, cdp.Empty{}),
		chromedp.EmulateViewport(look.width, look.height),
		command(emulation.SetEmulatedMedia, media),
	}
	if look.language != "" {
		actions = append(actions, command(emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: "Chromium", AcceptLanguage: look.language}))
	}
	b.run(append(actions, chromedp.Navigate(url))...)
	t.Cleanup(b.check)
	return b
}

// command returns the action of a command of the browser.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, c, params)
		return err
	})
}

// observe notes errors of the page. The log has also answers of the server that are errors, which
// the page handles.
func (b *tab) observe(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch event := event.(type) {
	case *runtime.EventExceptionThrown:
		text := event.ExceptionDetails.Text
		if thrown := event.ExceptionDetails.Exception; thrown != nil {
			text += ": " + thrown.Description
		}
		b.broken = append(b.broken, text)
	case *log.EventEntryAdded:
		if event.Entry.Source == log.EntrySourceSecurity || strings.Contains(event.Entry.Text, "Content Security Policy") {
			b.broken = append(b.broken, event.Entry.Text)
		}
	case *page.EventJavascriptDialogOpening: // of beforeunload
		go func() {
			_ = chromedp.Do(b.ctx, command(page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true}))
		}()
	}
}

// check fails if a script of the page has failed.
func (b *tab) check() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, text := range b.broken {
		b.t.Errorf("the page: %s", text)
	}
}

func (b *tab) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.screenshot("failed")
		b.t.Fatalf("%v; the page has: %s", err, b.text())
	}
}

// text returns the text of the page.
func (b *tab) text() string {
	ctx, cancel := context.WithTimeout(b.ctx, 10*time.Second)
	defer cancel()
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText"))
	return text
}

// eval returns the value of an expression, as JSON has it. Promises are awaited.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise, func(p *runtime.EvaluateParams) { p.UserGesture = new(true) }))
	if err != nil {
		b.screenshot("failed")
		b.t.Fatalf("%s: %v; the page has: %s", expression, err, b.text())
	}
	return value
}

// button returns an expression for the visible button or link with a name, which its label or text is.
func button(name string) string {
	return `[...document.querySelectorAll("button, a")].filter((b) => b.offsetParent !== null && (b.getAttribute("aria-label") ?? b.innerText).trim() === ` + quoted(name) + `).at(-1)`
}

// press presses a button with the keyboard's way: the focus and a click.
func (b *tab) press(name string) {
	b.t.Helper()
	b.wait(button(name))
	eval[any](b, "(("+button(name)+").focus(), ("+button(name)+").click(), null)")
}

// choose gives files to one of the inputs of the page, as the user's choice.
func (b *tab) choose(input string, paths ...string) {
	b.t.Helper()
	b.wait("document.querySelector(" + quoted(input) + ")")
	b.run(chromedp.SetUploadFiles(chromedp.CSS(input), paths))
}

// shows waits until the page shows a directory, into which files go that are chosen then.
func (b *tab) shows(name string) {
	b.t.Helper()
	b.wait(`document.querySelector(".listing") && document.querySelector("h1").textContent === ` + quoted(name))
}

// rows waits until the list has been read, and returns its names.
func (b *tab) rows() []string {
	b.t.Helper()
	b.wait(`document.querySelector(".listing") && !document.querySelector(".listing").hasAttribute("aria-busy")`)
	return eval[[]string](b, `[...document.querySelectorAll(".files tbody a")].map((a) => a.textContent)`)
}

// idle waits until all uploads have ended or are paused.
func (b *tab) idle() {
	b.t.Helper()
	b.wait(`document.querySelectorAll(".upload[data-state]").length > 0 && [...document.querySelectorAll(".upload[data-state]")].every(({dataset}) => ["finished", "skipped", "failed", "paused"].includes(dataset.state))`)
}

// violations returns what axe-core finds wrong with the page as it is.
func (b *tab) violations() []string {
	b.t.Helper()
	eval[any](b, tested.axe+";null")
	found := eval[[]struct {
		ID, Help string
		Nodes    []struct{ HTML string }
	}](b, `axe.run(document, {resultTypes: ["violations"]}).then(({violations}) => violations.map(({id, help, nodes}) => ({id, help, nodes: nodes.map(({html}) => ({html}))})))`)
	var all []string
	for _, v := range found {
		for _, node := range v.Nodes {
			all = append(all, fmt.Sprintf("%s: %s: %s", v.ID, v.Help, node.HTML))
		}
	}
	return all
}

// state checks a state of the page: nothing is wrong for assistive technology, nothing is beyond the
// right edge, and there is a picture of it.
func (b *tab) state(name string) {
	b.t.Helper()
	for _, violation := range b.violations() {
		b.t.Errorf("%s: %s", name, violation)
	}
	if wide := eval[int](b, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); wide > 0 {
		b.t.Errorf("%s is %d pixels too wide", name, wide)
	}
	b.screenshot(name)
}

// screenshot writes a picture to the directory TRANSHIP_SCREENSHOTS, if that is set.
func (b *tab) screenshot(name string) {
	dir := os.Getenv("TRANSHIP_SCREENSHOTS")
	if dir == "" {
		return
	}
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Errorf("screenshot: %v", err)
		return
	}
	name = strings.ReplaceAll(b.t.Name()+"-"+name, "/", "-")
	if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o600); err != nil {
		b.t.Error(err)
	}
}

// read returns a file of the server.
func (s *server) read(path string) (content string, status int) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, "http://"+s.address+"/files/"+escaped(path), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.token != "" {
		request.Header.Set("Authorization", "Bearer "+s.token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(data), response.StatusCode
}

// has fails unless the server has a file with a content.
func (s *server) has(path, content string) {
	s.t.Helper()
	if got, status := s.read(path); status != http.StatusOK || got != content {
		s.t.Errorf("%q has status %d with %d bytes (%x), want %d (%x)", path, status, len(got), sha256.Sum256([]byte(got)), len(content), sha256.Sum256([]byte(content)))
	}
}

// quoted returns a text as a literal of JavaScript.
func quoted(text string) string {
	literal, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always has one
	}
	return string(literal)
}

// file writes a local file for the page to upload.
func file(t *testing.T, path, content string) string {
	t.Helper()
	path = filepath.Join(t.TempDir(), path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
