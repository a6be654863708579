package browser

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// oddNames are names with every kind of character that a path may have.
var oddNames = []string{
	"plain.txt", "two words", " leading and trailing ", "100%", "%2e%2e", "%00", "a?b", "a#b", "a&b=c;d", "a+b",
	`quotes"'` + "`", `back\slash`, "<img src=x onerror=alert(1)>", "&amp;", ".hidden", "...", "中文 文件.txt", "ünï\u0308", "😀", "\u202eevil",
	"a:b*c|d", "{x}", "$(x)", "~", "-rf", "__proto__", "constructor",
}

// TestList shows directories, and goes through them.
func TestList(t *testing.T) {
	s := serve(t)
	b := s.open(t, "", look{})
	b.waitText("This folder is empty")
	b.state("empty")
	s.write("report.pdf", "x")
	s.write("photos/2026/a.jpg", "a")
	b.press("Refresh")
	b.wait(`document.querySelectorAll(".files tbody tr").length === 2`)
	if got := b.rows(); !slices.Equal(got, []string{"photos", "report.pdf"}) {
		t.Errorf("the list is %q", got)
	}
	b.state("list")
	b.press("photos")
	b.wait(`location.hash === "#/photos/" && document.querySelector("h1").textContent === "photos"`)
	b.press("2026")
	b.wait(`document.querySelector(".files tbody a")?.textContent === "a.jpg"`)
	if focused := eval[string](b, "document.activeElement.tagName"); focused != "H1" {
		t.Errorf("the focus is on %s, not on the heading of the new directory", focused)
	}
	b.press("Files")
	b.wait(`location.hash === "#/" && document.querySelectorAll(".files tbody tr").length === 2`)
	eval[any](b, `(history.back(), null)`)
	b.wait(`document.querySelector("h1").textContent === "2026"`)
	eval[any](b, `(location.hash = "#/%", null)`)
	b.waitText("does not name a folder")
}

// TestPages shows a directory of more entries than one answer has.
func TestPages(t *testing.T) {
	s := serve(t)
	const count = 1203
	if err := os.Mkdir(filepath.Join(s.root, "d"), 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range count {
		if err := os.WriteFile(filepath.Join(s.root, "d", fmt.Sprintf("%04d", i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b := s.open(t, "#/d/", look{})
	b.waitText("500 items")
	b.press("Delete 0499") // the last one of the page
	b.press("Delete")
	b.waitText("499 items")
	b.choose("#files", file(t, "0000a", "x"))
	b.idle()
	b.waitText("500 items")
	b.press("Show more")
	b.waitText("1,000 items")
	b.press("Show more")
	b.waitText("1,203 items")
	names := b.rows()
	if len(names) != count || !slices.IsSorted(names) || names[count-1] != fmt.Sprintf("%04d", count-1) {
		t.Errorf("the list has %d names", len(names))
	}
	if eval[bool](b, "!!("+button("Show more")+")") {
		t.Error("a list that is complete has a button for more")
	}
}

// TestSort sorts a directory of more entries than one answer has.
func TestSort(t *testing.T) {
	s := serve(t)
	dir := filepath.Join(s.root, "d")
	if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	const count = 700
	begun := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range count { // the newest is the smallest
		name := filepath.Join(dir, fmt.Sprint("f", i))
		if err := os.WriteFile(name, make([]byte, i), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, begun, begun.Add(-time.Duration(i)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	s.write("d/sub/x", "x")
	b := s.open(t, "#/d/", look{})
	b.waitText("500 items")
	for _, test := range []struct {
		press, by, order, first, last string
	}{
		{"Size", "Size", "descending", "f699", "f0"},
		{"Size", "Size", "ascending", "f0", "f699"},
		{"Modified", "Modified", "descending", "f0", "f699"},
		{"Modified", "Modified", "ascending", "f699", "f0"},
		{"Name", "Name", "ascending", "f0", "f699"},
		{"Name", "Name", "descending", "f699", "f0"},
	} {
		b.press(test.press)
		b.wait(`document.querySelector("[aria-sort]")?.textContent === ` + quoted(test.by) + ` && document.querySelector("[aria-sort]").ariaSort === ` + quoted(test.order))
		if names := b.rows(); len(names) != count+1 || names[0] != "sub" || names[1] != test.first || names[count] != test.last {
			t.Errorf("%s %s: %d names, first %q and last %q", test.by, test.order, len(names), names[:2], names[len(names)-1])
		}
	}
	b.state("sorted")
	b.choose("#files", file(t, "f650x", "x"))
	b.idle()
	b.waitText("702 items")
	if names := b.rows(); names[50] != "f650x" || names[51] != "f650" {
		t.Errorf("the new file is not in its place: %q", names[48:53])
	}
	b.press("Refresh")
	b.waitText("702 items")
	if names := b.rows(); names[1] != "f699" {
		t.Errorf("the order is lost: %q", names[:3])
	}
	phone := s.open(t, "#/d/", look{width: 360, height: 740})
	phone.waitText("500 items")
	for _, test := range []struct{ press, order, first string }{
		{"Size", "descending", "f699"}, {"Size, descending", "ascending", "f0"}, {"Modified", "descending", "f650x"}, {"Name", "ascending", "f0"},
	} {
		phone.press(test.press)
		phone.wait(`document.querySelector(".choices [aria-pressed=true]")?.dataset.order === ` + quoted(test.order))
		phone.waitText("702 items")
		if names := phone.rows(); names[0] != "sub" || names[1] != test.first {
			t.Errorf("%s on a phone: %q", test.press, names[:2])
		}
	}
	phone.state("sorted-phone")
}

// TestNames shows, opens and deletes files and directories with odd names.
func TestNames(t *testing.T) {
	s := serve(t)
	for _, name := range oddNames {
		s.write(name, name)
		s.write("d/"+name+"/f", name)
	}
	b := s.open(t, "", look{})
	b.wait(fmt.Sprintf(`document.querySelectorAll(".files tbody tr").length === %d`, len(oddNames)+1))
	for _, name := range oddNames {
		content := eval[string](b, `fetch([...document.querySelectorAll(".files tbody a")].find((a) => a.textContent === `+quoted(name)+`).href).then((r) => r.text())`)
		if content != name {
			t.Errorf("the link of %q leads to %q", name, content)
		}
	}
	b.state("names")
	eval[any](b, `(location.hash = "#/d/", null)`)
	for _, name := range oddNames {
		b.wait(`document.querySelector("h1").textContent === "d" && [...document.querySelectorAll(".files tbody a")].some((a) => a.textContent === ` + quoted(name) + `)`)
		eval[any](b, `([...document.querySelectorAll(".files tbody a")].find((a) => a.textContent === `+quoted(name)+`).click(), null)`)
		b.wait(`document.querySelector("h1").textContent === ` + quoted(name) + ` && document.querySelector(".files tbody a")?.textContent === "f"`)
		b.press("d")
	}
}

// TestRemove deletes a file and a directory, after questions.
func TestRemove(t *testing.T) {
	s := serve(t)
	s.write("a.txt", "a")
	s.write("b.txt", "b")
	s.write("d/1", "1")
	s.write("d/e/2", "2")
	b := s.open(t, "", look{})
	b.press("Delete a.txt")
	b.waitText("Delete “a.txt”?")
	b.state("question")
	b.press("Cancel")
	b.wait(`!document.querySelector("dialog")`)
	s.has("a.txt", "a")
	b.press("Delete a.txt")
	b.press("Delete")
	b.wait(`document.querySelectorAll(".files tbody tr").length === 2`)
	if _, status := s.read("a.txt"); status != http.StatusNotFound {
		t.Errorf("a.txt has status %d", status)
	}
	if focused := eval[string](b, "document.activeElement.textContent"); focused != "b.txt" {
		t.Errorf("the focus is on %q", focused)
	}
	s.write("b.txt", "changed")
	b.press("Delete b.txt")
	b.press("Delete")
	b.wait(`document.querySelector("dialog .error").textContent.includes("precondition")`)
	b.state("error")
	b.press("Cancel")
	s.has("b.txt", "changed")
	b.press("Delete d")
	b.waitText("all 2 files in it")
	b.press("Delete")
	b.wait(`document.querySelectorAll(".files tbody tr").length === 1`)
	if _, status := s.read("d/e/2"); status != http.StatusNotFound {
		t.Errorf("d/e/2 has status %d", status)
	}
}

// TestRename moves a file, but not onto another.
func TestRename(t *testing.T) {
	s := serve(t)
	s.write("a.txt", "a")
	s.write("b.txt", "b")
	b := s.open(t, "", look{})
	rename := func(to string) {
		t.Helper()
		b.press("Rename or move a.txt")
		b.wait(`document.querySelector("dialog input")`)
		eval[any](b, `(document.querySelector("dialog input").value = `+quoted(to)+`, null)`)
		b.press("Move")
	}
	rename("b.txt")
	b.wait(`document.querySelector("dialog .error").textContent !== ""`)
	b.state("exists")
	b.press("Cancel")
	s.has("b.txt", "b")
	rename("c?.txt")
	b.wait(`[...document.querySelectorAll(".files tbody a")].at(-1).textContent === "c?.txt"`)
	s.has("c?.txt", "a")
	if _, status := s.read("a.txt"); status != http.StatusNotFound {
		t.Errorf("a.txt has status %d", status)
	}
}

// TestRenameFolder moves a folder, file by file. A file that exists stops it, and is not replaced; the rest is
// moved once the user has chosen another path.
func TestRenameFolder(t *testing.T) {
	s := serve(t)
	for _, path := range []string{"d/a", "d/b", "d/deep/c #1", "e/b"} {
		s.write(path, path)
	}
	b := s.open(t, "", look{})
	b.press("Rename or move d")
	b.wait(`document.querySelector("dialog input")`)
	b.waitText("The 3 files in the folder are moved one after the other.")
	to := func(path string) {
		eval[any](b, `(document.querySelector("dialog input").value = `+quoted(path)+`, null)`)
		b.press("Move")
	}
	to("d/deep")
	b.waitText("A folder cannot be moved into itself.")
	to("e")
	b.waitText("1 file was moved, and then")
	b.state("stopped")
	s.has("e/a", "d/a")
	s.has("e/b", "e/b")
	s.has("d/b", "d/b")
	to("new/place/")
	b.wait(`!document.querySelector("dialog")`)
	b.wait(`[...document.querySelectorAll(".files tbody a")].map((a) => a.textContent).join() === "e,new"`)
	s.has("new/place/b", "d/b")
	s.has("new/place/deep/c #1", "d/deep/c #1")
}

// TestKeyboard makes a folder, uploads into it and deletes the file with keys only.
func TestKeyboard(t *testing.T) {
	s := serve(t)
	b := s.open(t, "", look{})
	b.waitText("This folder is empty")
	b.tabTo("New folder")
	b.keys("\r")
	b.wait(`document.activeElement.matches("dialog input")`)
	b.keys("docs\r")
	b.wait(`location.hash === "#/docs/" && document.activeElement.tagName === "H1"`)
	s.write("docs/a.txt", "a")
	b.tabTo("Refresh")
	b.keys("\r")
	b.wait(`document.querySelectorAll(".files tbody tr").length === 1`)
	b.tabTo("Delete a.txt")
	b.keys("\r")
	b.wait(`document.activeElement.closest("dialog")`)
	b.keys("\x1b")
	b.wait(`!document.querySelector("dialog") && document.activeElement.getAttribute("aria-label") === "Delete a.txt"`)
	b.keys("\r")
	b.wait(`document.activeElement.closest("dialog")`)
	b.tabTo("Delete")
	b.keys("\r")
	b.waitText("as soon as a file is in it")
}
