package browser

import (
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// mebibyte is the unit of the sizes of tests; a piece of the page has four.
const mebibyte = 1 << 20

// random returns bytes of a seed.
func random(seed uint64, size int) string {
	data := make([]byte, size)
	source := rand.NewPCG(seed, 0)
	for i := range data {
		data[i] = byte(source.Uint64())
	}
	return string(data)
}

// TestUpload uploads files of the sizes around that of a piece.
func TestUpload(t *testing.T) {
	s := serve(t)
	b := s.open(t, "#/in box/", look{})
	b.waitText("as soon as a file is in it")
	var paths []string
	contents := map[string]string{}
	for name, size := range map[string]int{"empty": 0, "one": 1, "piece": 4 * mebibyte, "more": 4*mebibyte + 1, "several": 9*mebibyte + 77, "100% ä?#.txt": 1024} {
		contents[name] = random(uint64(size), size)
		paths = append(paths, file(t, name, contents[name]))
	}
	b.choose("#files", paths...)
	b.idle()
	b.waitText("6 of 6 uploaded")
	for name, content := range contents {
		s.has("in box/"+name, content)
	}
	b.waitText("6 items")
	b.state("uploaded")
	b.press("Clear finished")
	b.wait(`document.querySelectorAll(".upload").length === 0`)
	if left := eval[int](b, "localStorage.length"); left != 0 {
		t.Errorf("the browser keeps %d entries of uploads that have ended", left)
	}
}

// TestNamesUploaded uploads files with odd names.
func TestNamesUploaded(t *testing.T) {
	s := serve(t)
	b := s.open(t, "", look{})
	var paths []string
	for _, name := range oddNames {
		paths = append(paths, file(t, name, name))
	}
	b.choose("#files", paths...)
	b.idle()
	for _, name := range oddNames {
		s.has(name, name)
	}
}

// TestFolder uploads a folder that is chosen, and one that is dropped.
func TestFolder(t *testing.T) {
	s := serve(t)
	b := s.open(t, "#/into/", look{})
	b.shows("into")
	root := filepath.Dir(file(t, "x", "x"))
	want := map[string]string{"photos/a.jpg": "a", "photos/deep/er/b.jpg": "b", "photos/deep/ü #1.txt": "c", "photos/empty": ""}
	for path, content := range want {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, path)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, path), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b.choose("#folder", filepath.Join(root, "photos"))
	b.idle()
	b.waitText("4 of 4 uploaded")
	for path, content := range want {
		s.has("into/"+path, content)
	}
	b.wait(`[...document.querySelectorAll(".files tbody a")].map((a) => a.textContent).join() === "photos"`)

	eval[any](b, `(location.hash = "#/dropped/", null)`)
	b.shows("dropped")
	b.drop(func() { b.state("drop") }, filepath.Join(root, "photos"), filepath.Join(root, "x"))
	b.idle()
	b.waitText("9 of 9 uploaded")
	for path, content := range want {
		s.has("dropped/"+path, content)
	}
	s.has("dropped/x", "x")
}

// drop drags files and directories over the page, and drops them.
func (b *tab) drop(over func(), paths ...string) {
	b.t.Helper()
	data := &input.DragData{Items: []*input.DragDataItem{}, Files: paths, DragOperationsMask: 1}
	for _, kind := range []input.DispatchDragEventType{input.DispatchDragEventTypeDragEnter, input.DispatchDragEventTypeDragOver, input.DispatchDragEventTypeDrop} {
		if kind == input.DispatchDragEventTypeDrop {
			b.wait(`!document.querySelector(".drop").hidden`)
			over()
		}
		b.run(command(input.DispatchDragEvent, input.DispatchDragEventParams{Type: kind, X: 300, Y: 300, Data: data}))
	}
}

// TestPause pauses an upload in its middle, resumes it, and cancels another.
func TestPause(t *testing.T) {
	s := serve(t)
	g := newGate(t, s, 5*mebibyte)
	b := s.through(g).open(t, "", look{})
	content := random(1, 12*mebibyte)
	b.choose("#files", file(t, "large.bin", content))
	g.wait(t, 5*mebibyte)
	b.wait(`document.querySelector('.upload[data-state="running"]')`)
	b.state("running")
	b.press("Pause large.bin")
	b.waitText("Paused at")
	b.state("paused")
	g.open(all)
	b.press("Resume large.bin")
	b.idle()
	b.waitText("1 of 1 uploaded")
	s.has("large.bin", content)
	if passed := g.wait(t, 0); passed > 17*mebibyte {
		t.Errorf("%d bytes were sent for 12 MiB", passed)
	}

	g.open(-all)
	b.choose("#files", file(t, "other.bin", content))
	b.wait(`document.querySelector('.upload[data-state="running"]')`)
	b.press("Cancel other.bin")
	b.wait(`document.querySelectorAll(".upload").length === 1 && localStorage.length === 0`)
	if _, status := s.read("other.bin"); status != http.StatusNotFound {
		t.Errorf("a canceled upload has left a file: %d", status)
	}
}

// TestReload closes the page in the middle of an upload: the next page lists it, and goes on once
// its file is chosen.
func TestReload(t *testing.T) {
	for _, choose := range []string{"#files", "#unfinished"} {
		t.Run(choose[1:], func(t *testing.T) {
			s := serve(t)
			g := newGate(t, s, 9*mebibyte)
			b := s.through(g).open(t, "#/d/", look{})
			b.shows("d")
			content := random(2, 14*mebibyte)
			path := file(t, "large.bin", content)
			b.choose("#files", path)
			g.wait(t, 9*mebibyte)
			b.run(chromedp.Reload())
			b.waitText("Unfinished uploads")
			b.waitText("d/large.bin")
			b.state("unfinished")
			if choose == "#unfinished" {
				b.run(command(page.SetInterceptFileChooserDialog, page.SetInterceptFileChooserDialogParams{Enabled: true}))
				b.press("Choose file for large.bin")
				b.choose(choose, file(t, "large.bin", "another"))
				b.waitText("is not the file of this upload")
				b.press("Close")
				b.press("Choose file for large.bin")
			}
			g.open(all)
			b.choose(choose, path)
			b.idle()
			b.waitText("1 of 1 uploaded")
			s.has("d/large.bin", content)
			if passed := g.wait(t, 0); passed > 19*mebibyte {
				t.Errorf("%d bytes were sent for 14 MiB", passed)
			}
			b.wait(`![...document.querySelectorAll("h2")].some((h) => h.offsetParent !== null && h.textContent === "Unfinished uploads")`)
		})
	}
}

// TestRestart kills the server in the middle of an upload, which goes on by itself.
func TestRestart(t *testing.T) {
	s := serve(t)
	g := newGate(t, s, 9*mebibyte)
	b := s.through(g).open(t, "", look{})
	content := random(3, 14*mebibyte)
	b.choose("#files", file(t, "large.bin", content))
	g.wait(t, 9*mebibyte)
	s.stop()
	g.open(all)
	b.waitText("Waiting for the server")
	b.state("waiting")
	s.start()
	b.idle()
	b.waitText("1 of 1 uploaded")
	s.has("large.bin", content)
}

// TestMany uploads a folder of many files, of which the page shows a few.
func TestMany(t *testing.T) {
	s := serve(t)
	const count = 400
	root := t.TempDir()
	for i := range count {
		dir := filepath.Join(root, "many", strconv.Itoa(i%7))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(i)), []byte(strconv.Itoa(i)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	g := newGate(t, s, 0)
	b := s.through(g).open(t, "", look{})
	b.waitText("This folder is empty")
	b.drop(func() {}, filepath.Join(root, "many"))
	b.waitText("0 of 400 uploaded")
	b.waitText("390 more uploads")
	b.state("waiting")
	g.open(all)
	b.waitText("400 of 400 uploaded")
	for i := range count {
		s.has("many/"+strconv.Itoa(i%7)+"/"+strconv.Itoa(i), strconv.Itoa(i))
	}
}

// TestExists uploads files whose names exist.
func TestExists(t *testing.T) {
	s := serve(t)
	for _, name := range []string{"replace.txt", "both.txt", "both (2).txt", "skip.txt"} {
		s.write(name, "old")
	}
	b := s.open(t, "", look{})
	for _, test := range []struct{ name, button, summary string }{
		{"replace.txt", "Replace", "1 of 1 uploaded"}, {"both.txt", "Keep both", "2 of 2 uploaded"}, {"skip.txt", "Skip", "2 of 3 uploaded"},
	} {
		b.choose("#files", file(t, test.name, "new"))
		b.waitText("“" + test.name + "” exists already")
		b.state(strings.TrimSuffix(test.name, ".txt"))
		b.press(test.button)
		b.waitText(test.summary)
		b.idle()
	}
	for name, content := range map[string]string{"replace.txt": "new", "both.txt": "old", "both (2).txt": "old", "both (3).txt": "new", "skip.txt": "old"} {
		s.has(name, content)
	}
	b.choose("#files", file(t, "replace.txt", "all"), file(t, "both.txt", "all"), file(t, "skip.txt", "all"))
	b.wait(`document.querySelector("dialog input[type=checkbox]")`)
	eval[any](b, `(document.querySelector("dialog input[type=checkbox]").click(), null)`)
	b.press("Replace")
	b.waitText("5 of 6 uploaded")
	for _, name := range []string{"replace.txt", "both.txt", "skip.txt"} {
		s.has(name, "all")
	}
}

// TestErrors shows the errors of the server.
func TestErrors(t *testing.T) {
	s := serve(t)
	s.write("d", "a file")
	b := s.open(t, "#/d/", look{})
	b.shows("d")
	b.choose("#files", file(t, "below", "x"))
	b.wait(`document.querySelector('.upload[data-state="failed"] .upload-state')?.textContent.includes("exists")`)
	b.state("failed")
	b.choose("#files", file(t, "new\nline", "x"))
	b.wait(`[...document.querySelectorAll('.upload[data-state="failed"] .upload-state')].some((e) => e.textContent.includes("control characters"))`)
	s.stop()
	b.press("Refresh")
	b.wait(`document.querySelector(".note.error")?.textContent === "The server does not answer."`)
	b.state("gone")
	s.start()
	b.press("Try again")
	b.rows()
	b.wait(`!document.querySelector(".note.error")`)
}
