package browser

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
)

// dropLink makes a link with which files are uploaded to a directory, and returns its path and its id.
func (b *tab) dropLink(options string) (path, id string) {
	b.t.Helper()
	type link struct{ URL, ID string }
	made := eval[link](b, `fetch("/share/", {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({path: "in box/", upload: true, `+options+`})}).then((r) => r.json())`)
	parsed, err := url.Parse(made.URL)
	if err != nil || parsed.Path == "" {
		b.t.Fatalf("the link is %q: %v", made.URL, err)
	}
	return parsed.Path, made.ID
}

// revokeLink revokes a link.
func (b *tab) revokeLink(id string) {
	b.t.Helper()
	if status := eval[int](b, `fetch("/share/`+id+`", {method: "DELETE"}).then((r) => r.status)`); status != 204 {
		b.t.Fatalf("DELETE has status %d", status)
	}
}

// openLink opens a link in a browser without credentials.
func (s *server) openLink(t *testing.T, path string, look look) *tab {
	t.Helper()
	b := openURL(t, "http://"+s.address+path, look)
	b.server = s
	return b
}

// TestDropLink sends files and folders with a link, in a browser without credentials. It neither shows nor
// replaces what is there.
func TestDropLink(t *testing.T) {
	ann := signInToShare(t, "in box/report.pdf", "secret.txt")
	path, id := ann.dropLink(`max_size: 1048576, max_uses: 10`)
	g := ann.server.openLink(t, path, look{})
	g.waitText("Someone has asked you for files.")
	g.waitText("at most 1 MiB")
	g.waitText("10 more files")
	g.state("begun")
	root := filepath.Dir(file(t, "x", "x"))
	if err := os.MkdirAll(filepath.Join(root, "photos", "deep"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "photos", "deep", "ü #1.jpg"), []byte("y"), 0o600); err != nil {
		t.Fatal(err)
	}
	g.drop(func() { g.state("drop") }, filepath.Join(root, "photos"), filepath.Join(root, "x"))
	g.idle()
	g.waitText("2 of 2 uploaded")
	g.choose("#files", file(t, "report.pdf", "another"), file(t, "report.pdf", "a third one"), file(t, "large.bin", random(1, mebibyte+1)))
	g.idle()
	g.waitText("4 of 5 uploaded, 1 failed")
	g.waitText("report (2).pdf")
	g.waitText("report (3).pdf")
	g.waitText("larger than the link allows")
	g.wait(`/[56] more files/.test(document.body.innerText)`) // a name that was taken in the middle has cost a use
	g.state("sent")
	for path, content := range map[string]string{
		"in box/photos/deep/ü #1.jpg": "y", "in box/x": "x", "in box/report.pdf": "content of in box/report.pdf",
	} {
		ann.hasSum(path, content)
	}
	numbered := eval[[]string](ann, `Promise.all([2, 3].map((n) => fetch("/files/in%20box/report%20(" + n + ").pdf").then((r) => r.text())))`)
	if slices.Sort(numbered); !slices.Equal(numbered, []string{"a third one", "another"}) {
		t.Errorf("the files of the same name have %q", numbered)
	}
	if status := eval[int](g, `fetch("/files/").then((r) => r.status)`); status != 401 {
		t.Errorf("the guest's list has status %d", status)
	}
	ann.revokeLink(id)
	g.choose("#files", file(t, "late.txt", "x"))
	g.waitText("there is no such link, or it has ended")
	g.run(chromedp.Reload())
	g.waitPlain("there is no such link, or it has ended")
}

// TestDropLinkReload closes the page of a link in the middle of an upload, and restarts the server. The
// upload goes on, although the link has no more uses.
func TestDropLinkReload(t *testing.T) {
	ann := signInToShare(t)
	path, _ := ann.dropLink(`max_uses: 1`)
	gate := newGate(t, ann.server, 9*mebibyte)
	g := ann.server.through(gate).openLink(t, path, look{})
	content := random(8, 14*mebibyte)
	large := file(t, "large.bin", content)
	g.choose("#files", large)
	gate.wait(t, 9*mebibyte)
	g.run(chromedp.Reload())
	g.waitText("Unfinished uploads")
	g.waitText("large.bin")
	g.waitText("0 more files")
	g.state("unfinished")
	other := ann.server.through(gate).openLink(t, path, look{})
	other.choose("#files", file(t, "other.txt", "x"))
	other.waitText("there is no such link, or it has ended")
	g.choose("#files", large)
	g.wait(`document.querySelector('.upload[data-state="running"]')`)
	ann.server.stop()
	gate.open(all)
	g.waitText("Waiting for the server")
	ann.server.start()
	g.idle()
	g.waitText("1 of 1 uploaded")
	ann.hasSum("in box/large.bin", content)
	if left := eval[int](g, "localStorage.length"); left != 0 {
		t.Errorf("the browser keeps %d entries of uploads that have ended", left)
	}
}

// TestDropLinkLooks shows the page of a link on a phone and in the dark, in Chinese.
func TestDropLinkLooks(t *testing.T) {
	ann := signInToShare(t)
	path, _ := ann.dropLink(`expires: "48h"`)
	g := ann.server.openLink(t, path, look{language: "zh-CN", dark: true, width: 360, height: 740})
	g.waitText("有人请您发送文件")
	g.choose("#files", file(t, "报告.pdf", "x"))
	g.waitText("已上传 1 / 1")
	g.state("sent")
}
