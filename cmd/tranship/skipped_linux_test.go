package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// writeTree writes files below a directory, each with its name as its content.
func writeTree(t *testing.T, directory string, names ...string) {
	t.Helper()
	for _, name := range names {
		file := filepath.Join(directory, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// filesBelow returns the files below a directory, relative to it, separated by blanks.
func filesBelow(t *testing.T, directory string) string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(directory, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			relative, _ := filepath.Rel(directory, name)
			names = append(names, relative)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, " ")
}

// reports runs a command that must exit with a code and report the paths of a server, one
// line each, in any order. undone is the text after each path.
func reports(t *testing.T, code int, undone, server string, paths []string, args ...string) (out string) {
	t.Helper()
	out, text := output(t, code, args...)
	for _, path := range paths {
		if line := "tranship: " + server + "/" + path + ": " + undone; strings.Count(text, line) != 1 {
			t.Errorf("%q: want %q once:\n%s", args, line, text)
		}
	}
	if got := strings.Count(text, "\n"); got != len(paths) {
		t.Errorf("%q prints %d lines, want %d:\n%s", args, got, len(paths), text)
	}
	return out
}

// Entries of a served directory that are not files of the store are reported, one line each.
func TestReportsSkippedEntries(t *testing.T) {
	t.Parallel()
	_, root, address := serveFor(t.Context(), t)
	server := "grpc://" + address
	_, _, other := serveFor(t.Context(), t)
	writeTree(t, root, "d/a", "d/sub/z", "d/bad\xff", "d/two\nlines", "d/odd\x01/x")
	if err := os.Symlink("a", filepath.Join(root, "d/link")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(root, "d/sub/fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("n", 250)
	deep := filepath.Join(root, "d", long, long, long)
	writeTree(t, deep, "kept/file")
	if err := os.Mkdir(filepath.Join(deep, long), 0o755); err != nil {
		t.Fatal(err)
	}
	writeTree(t, deep, long+"/"+strings.Repeat("x", 20))

	direct := []string{`d/bad\xff`, `d/two\nlines`, `d/odd\x01`, "d/link"}
	all := append(direct[:len(direct):len(direct)], "d/sub/fifo", strings.Join([]string{"d", long, long, long, long, strings.Repeat("x", 20)}, "/"))
	copied := "a " + strings.Join([]string{long, long, long, "kept/file"}, "/") + " sub/z"
	local := filepath.Join(t.TempDir(), "local")
	reports(t, 1, "not copied: ", server, all, "cp", "-r", server+"/d", local)
	if got := filesBelow(t, local); got != copied {
		t.Errorf("copied %s, want %s", got, copied)
	}
	reports(t, 1, "not copied: ", server, all, "cp", "-r", "-u", server+"/d/.", local)
	reports(t, 1, "not copied: ", server, all, "cp", "-r", server+"/d", server+"/copy")
	reports(t, 1, "not copied: ", server, all, "cp", "-r", server+"/d", "grpc://"+other+"/d")

	// Such entries are not an error of ls.
	if got := reports(t, 0, "not listed: ", server, direct, "ls", server+"/d"); got != "a\n"+long+"/\nsub/\n" {
		t.Errorf("ls prints %s", got)
	}
	reports(t, 0, "not listed: ", server, all, "ls", "-r", server+"/d")
	output(t, 0, "ls", "-r", server+"/copy")

	reports(t, 1, "not moved: ", server, all, "mv", server+"/d", server+"/moved")
	if got := filesBelow(t, filepath.Join(root, "moved")); got != copied {
		t.Errorf("moved %s, want %s", got, copied)
	}
	writeTree(t, root, "d/again", "d/sub/again")
	reports(t, 1, "not removed: ", server, all, "rm", "-r", server+"/d")
	if text := filesBelow(t, filepath.Join(root, "d")); strings.Contains(text, "again") {
		t.Errorf("rm -r leaves %s", text)
	}
}
