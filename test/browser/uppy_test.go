package browser

import (
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestUppy uploads files with Uppy in a web application of another origin, several at once.
func TestUppy(t *testing.T) {
	a := newApplication(t)
	s, _ := a.start(t, all)
	b := a.open(t)
	contents := map[string]string{"one.bin": random(1, 9*mebibyte), "two.bin": random(2, 4*mebibyte), "ä #?.txt": "text", "empty": ""}
	var paths []string
	for name, content := range contents {
		paths = append(paths, file(t, name, content))
	}
	b.choose("input", paths...)
	b.do("app.makeUppy(" + a.settings("keep: false") + "); app.add('in/box'); app.upload()")
	b.uploaded(len(contents))
	for name, content := range contents {
		s.has("in/box/"+name, content)
	}
}

// TestUppyPause pauses Uppy in the middle of an upload, and resumes it.
func TestUppyPause(t *testing.T) {
	a := newApplication(t)
	s, g := a.start(t, 13*mebibyte)
	b := a.open(t)
	content := random(3, 20*mebibyte)
	b.choose("input", file(t, "large.bin", content))
	b.do("app.makeUppy(" + a.settings("keep: false") + "); app.add('d'); app.upload()")
	g.wait(t, 13*mebibyte)
	b.do("app.uppy.pauseAll()")
	b.wait("app.uppy.getFiles()[0].isPaused")
	g.open(all)
	b.do("app.uppy.resumeAll()")
	b.uploaded(1)
	s.has("d/large.bin", content)
	if passed := g.wait(t, 0); passed > 28*mebibyte {
		t.Errorf("%d bytes were sent for 20 MiB", passed)
	}
}

// TestUppyReload closes the page in the middle of an upload: the next page goes on with the file that
// Golden Retriever has kept, or with the same file once it is chosen again.
func TestUppyReload(t *testing.T) {
	for _, kept := range []bool{true, false} {
		name := map[bool]string{true: "kept", false: "chosen"}[kept]
		t.Run(name, func(t *testing.T) {
			a := newApplication(t)
			s, g := a.start(t, 9*mebibyte)
			b := a.open(t)
			content := random(4, 14*mebibyte)
			path := file(t, "large.bin", content)
			b.choose("input", path)
			makeUppy := "app.makeUppy(" + a.settings("keep: "+strconv.FormatBool(kept)) + ")"
			b.do(makeUppy + "; app.add('d'); app.upload()")
			g.wait(t, 9*mebibyte)
			b.wait(`Object.keys(localStorage).some((key) => key.startsWith("tus::"))`)
			if kept {
				b.wait(`Object.entries(localStorage).some(([key, value]) => key.startsWith("uppyState") && value.includes("/uploads/"))`)
				b.repeat("app.kept()")
			}
			b.run(chromedp.Navigate("about:blank"), chromedp.Navigate(a.origin))
			b.wait("globalThis.app")
			g.open(all)
			if kept {
				b.do(makeUppy)
				b.wait("app.seen.restored && app.uppy.getFiles().length === 1")
				b.do("app.confirm()")
			} else {
				b.choose("input", path)
				b.do(makeUppy + "; app.add('d'); app.upload()")
			}
			b.uploaded(1)
			s.has("d/large.bin", content)
			if passed := g.wait(t, 0); passed > 22*mebibyte {
				t.Errorf("%d bytes were sent for 14 MiB", passed)
			}
		})
	}
}

// TestUppyRestart kills the server in the middle of an upload of Uppy, which goes on by itself.
func TestUppyRestart(t *testing.T) {
	a := newApplication(t)
	s, g := a.start(t, 9*mebibyte)
	b := a.open(t)
	content := random(5, 14*mebibyte)
	b.choose("input", file(t, "large.bin", content))
	b.do("app.makeUppy(" + a.settings("keep: false") + "); app.add('d'); app.upload()")
	g.wait(t, 9*mebibyte)
	s.stop()
	g.open(all)
	s.start()
	b.uploaded(1)
	s.has("d/large.bin", content)
}
