package browser

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// guest is a tab of a user without credentials, who saves what is downloaded.
type guest struct {
	*tab
	// saved has the names of the files that the browser saves, and how the downloads end.
	saved chan string
	state chan browser.DownloadProgressState
}

// visit returns a guest whose downloads are saved in dir.
func visit(t *testing.T, dir string) *guest {
	t.Helper()
	g := &guest{&tab{t: t}, make(chan string, 10), make(chan browser.DownloadProgressState, 10)}
	ctx, cancel := chromedp.NewContext(tested.browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(g.downloads))
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	g.ctx = ctx
	g.run(chromedp.EmulateViewport(1100, 800), command(browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, BrowserContextID: chromedp.FromContext(ctx).BrowserContextID, DownloadPath: dir, EventsEnabled: new(true),
	}))
	return g
}

func (g *guest) downloads(event any) {
	switch event := event.(type) {
	case *browser.EventDownloadWillBegin:
		g.saved <- event.SuggestedFilename
	case *browser.EventDownloadProgress:
		if event.State != browser.DownloadProgressStateInProgress {
			g.state <- event.State
		}
	}
}

// goTo opens a URL, which may become a download: that ends the navigation.
func (g *guest) goTo(url string) {
	ctx, cancel := context.WithTimeout(g.ctx, patience)
	defer cancel()
	_ = chromedp.Do(ctx, chromedp.Navigate(url))
}

// download waits until a file is saved, and fails unless it has a name and a content.
func (g *guest) download(dir, name, content string) {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(g.ctx, patience)
	defer cancel()
	select {
	case state := <-g.state:
		if saved := <-g.saved; saved != name || state != browser.DownloadProgressStateCompleted {
			g.t.Fatalf("the download of %q is %s", saved, state)
		}
	case <-ctx.Done():
		g.t.Fatalf("%q is not downloaded; the page has: %s", name, g.text())
	}
	if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != content {
		g.t.Errorf("%q has %q: %v", name, got, err)
	}
}

// signInToShare starts a server with files, and opens its page as ann, who may share.
func signInToShare(t *testing.T, files ...string) *tab {
	t.Helper()
	tokens, secret := token(t)
	rights := filepath.Join(t.TempDir(), "policy")
	if err := os.WriteFile(rights, []byte("allow ann read,write,delete,list,share /\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := serve(t, "--tokens", tokens, "--policy", rights).open(t, "", look{})
	b.signIn(secret)
	b.waitText("This folder is empty")
	for _, path := range files {
		url := "/files/" + escaped(path)
		if status := eval[int](b, `fetch(`+quoted(url)+`, {method: "PUT", body: `+quoted("content of "+path)+`}).then((r) => r.status)`); status != 201 {
			t.Fatalf("PUT %s has status %d", url, status)
		}
	}
	b.press("Refresh")
	return b
}

// link makes a link in the dialog of an entry, which stays open, and returns its URL.
func (b *tab) link(name string) string {
	b.t.Helper()
	b.press("Share " + name)
	b.press("Create link")
	b.wait(`document.querySelector("dialog .made input")`)
	return eval[string](b, `document.querySelector("dialog .made input").value`)
}

// revoke removes the only link in the dialog, and closes it.
func (b *tab) revoke() {
	b.t.Helper()
	eval[any](b, `(document.querySelector("dialog .links button").click(), null)`)
	b.wait(`document.querySelectorAll("dialog .links li").length === 0`)
	b.press("Close")
	b.wait(`!document.querySelector("dialog")`)
}

// TestLinkToFile opens the link of a file in a browser without credentials, before and after it is
// revoked.
func TestLinkToFile(t *testing.T) {
	name := "报告 100% #1.txt"
	b := signInToShare(t, name)
	link := b.link(name)
	dir := t.TempDir()
	g := visit(t, dir)
	g.goTo(link)
	g.download(dir, name, "content of "+name)
	b.revoke()
	g.goTo(link)
	g.waitPlain("there is no such link, or it has ended")
	g.screenshot("revoked")
}

// TestLinkToFolder opens the link of a folder in a browser without credentials, and downloads the
// files that its page lists.
func TestLinkToFolder(t *testing.T) {
	files := []struct{ path, saved string }{{"d/100% #1?.txt", "100% #1_.txt"}, {"d/<b>.html", "_b_.html"}, {"d/deep/er/ü.txt", "ü.txt"}}
	b := signInToShare(t, files[0].path, files[1].path, files[2].path, "secret.txt")
	link := b.link("d")
	dir := t.TempDir()
	g := visit(t, dir)
	g.goTo(link)
	g.waitPlain("deep/er/ü.txt")
	g.screenshot("folder")
	if names := eval[[]string](g.tab, `[...document.links].map((a) => a.textContent)`); !slices.Equal(names, []string{"100% #1?.txt", "<b>.html", "deep/er/ü.txt"}) {
		t.Errorf("the page lists %q", names)
	}
	for i, file := range files {
		g.run(chromedp.Click(chromedp.CSS(fmt.Sprintf("li:nth-of-type(%d) a", i+1))))
		g.download(dir, file.saved, "content of "+file.path)
	}
	zh := openURL(t, link, look{language: "zh-CN,zh;q=0.9,en;q=0.8", dark: true, width: 360, height: 740})
	zh.waitPlain("共享文件")
	zh.screenshot("zh-dark-phone")
	b.revoke()
	g.goTo(link)
	g.waitPlain("there is no such link, or it has ended")
}
