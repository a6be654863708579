package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/tranship/tranship/cmd/tranship/internal/console"
)

// The files that a killed download left are removed by the next download to the same
// target, even if it uses another protocol or other flags.
func TestKilledDownloadsLeaveNothing(t *testing.T) {
	t.Parallel()
	root, server, slow := slowServer(t)
	content := largeFile(t, filepath.Join(root, "large"))
	ways := map[string][]string{
		"resumable": {"cp"},
		"no resume": {"cp", "--no-resume"},
		"filesrv":   {"cp", "--protocol", "filesrv"},
	}
	for killed, first := range ways {
		for again, second := range ways {
			t.Run(killed+", then "+again, func(t *testing.T) {
				t.Parallel()
				local := t.TempDir() + "/"
				p := startProgram(t, slices.Concat(first, []string{slow + "/large", local})...)
				poll(t, "a partial file", func() bool { return hidden(t, local) > 4<<20 })
				p.end(t, syscall.SIGKILL)
				output(t, 0, slices.Concat(second, []string{server + "/large", local})...)
				sameContent(t, local+"large", content)
				if left := hidden(t, local); left > 0 {
					t.Errorf("%d bytes are left", left)
				}
			})
		}
	}
}

// The partial file of a download is removed, and no resumption is advised, if the file is
// removed from the server meanwhile.
func TestDownloadOfRemovedFile(t *testing.T) {
	t.Parallel()
	root, _, slow := slowServer(t)
	largeFile(t, filepath.Join(root, "large"))
	local := t.TempDir() + "/"
	p := startProgram(t, "cp", slow+"/large", local)
	poll(t, "a partial file", func() bool { return hidden(t, local) > 4<<20 })
	if err := os.Remove(filepath.Join(root, "large")); err != nil {
		t.Fatal(err)
	}
	if code := p.Code(); code != console.ExitNotFound {
		t.Errorf("exit code %d", code)
	}
	if text, want := p.err.String(), "tranship: "+slow+"/large: not found\n"; text != want {
		t.Errorf("%q, want %q", text, want)
	}
	if entries, err := os.ReadDir(local); err != nil || len(entries) > 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
}

// hidden returns the size of the hidden files in a directory.
func hidden(t *testing.T, directory string) (size int64) {
	t.Helper()
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && strings.HasPrefix(entry.Name(), ".") {
			size += info.Size()
		}
	}
	return size
}

// What a killed download has left is removed by the next one if the file is gone from the
// server by then, whichever protocol finds out.
func TestDownloadOfFileThatIsGone(t *testing.T) {
	t.Parallel()
	root, server, slow := slowServer(t)
	for protocol, again := range map[string][]string{
		"tranship":  {"cp"},
		"no resume": {"cp", "--no-resume"},
		"recursive": {"cp", "-r"},
		"filesrv":   {"cp", "--protocol", "filesrv"},
	} {
		for target, suffix := range map[string]string{"directory": "", "file": "renamed"} {
			t.Run(protocol+", "+target, func(t *testing.T) {
				t.Parallel()
				name := strings.ReplaceAll(protocol+target, " ", "")
				largeFile(t, filepath.Join(root, name))
				local := t.TempDir() + "/"
				if err := os.WriteFile(local+"mine", nil, 0o644); err != nil {
					t.Fatal(err)
				}
				p := startProgram(t, "cp", slow+"/"+name, local+suffix)
				poll(t, "a partial file", func() bool { return hidden(t, local) > 4<<20 })
				p.end(t, syscall.SIGKILL)
				if err := os.Remove(filepath.Join(root, name)); err != nil {
					t.Fatal(err)
				}
				output(t, console.ExitNotFound, slices.Concat(again, []string{server + "/" + name, local + suffix})...)
				if entries, err := os.ReadDir(local); err != nil || len(entries) != 1 {
					t.Errorf("left: %v, %v", entries, err)
				}
			})
		}
	}
}

// A directory loses a file while it is copied: nothing is left of the file.
func TestDirectoryLosesFile(t *testing.T) {
	t.Parallel()
	root, _, slow := slowServer(t)
	if err := os.Mkdir(filepath.Join(root, "tree"), 0o755); err != nil {
		t.Fatal(err)
	}
	largeFile(t, filepath.Join(root, "tree", "large"))
	local := t.TempDir() + "/"
	p := startProgram(t, "cp", "-r", slow+"/tree/.", local)
	poll(t, "a partial file", func() bool { return hidden(t, local) > 4<<20 })
	if err := os.Remove(filepath.Join(root, "tree", "large")); err != nil {
		t.Fatal(err)
	}
	if code := p.Code(); code != console.ExitNotFound {
		t.Errorf("exit code %d: %s", code, p.err.String())
	}
	if entries, err := os.ReadDir(local); err != nil || len(entries) > 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
}
