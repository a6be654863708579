//go:build unix

package configfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tranship/tranship/internal/configfile"
)

// lab makes files below a directory that only this user can change.
type lab struct {
	*testing.T
	dir string
}

func newLab(t *testing.T) lab {
	t.Helper()
	dir := t.TempDir()
	return lab{t, dir}
}

func (l lab) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

// mkdir makes a directory with a mode, whatever the umask.
func (l lab) mkdir(name string, mode fs.FileMode) {
	l.Helper()
	l.must(os.Mkdir(filepath.Join(l.dir, name), 0o700))
	l.must(os.Chmod(filepath.Join(l.dir, name), mode))
}

func (l lab) write(name string, mode fs.FileMode) {
	l.Helper()
	l.must(os.WriteFile(filepath.Join(l.dir, name), []byte("content"), 0o600))
	l.must(os.Chmod(filepath.Join(l.dir, name), mode))
}

func (l lab) link(target, name string) {
	l.Helper()
	l.must(os.Symlink(target, filepath.Join(l.dir, name)))
}

// give changes the owner of a file to another user, and skips the test if it cannot.
func (l lab) give(name string) {
	l.Helper()
	if os.Getuid() != 0 {
		l.Skip("only root can give files away")
	}
	l.must(os.Lchown(filepath.Join(l.dir, name), 65534, 65534))
}

// expect reads a file, and expects an error that contains words, or no error if words is
// "".
func (l lab) expect(name, words string) {
	l.Helper()
	for _, name := range []string{name, "./" + name} {
		content, _, err := configfile.New(l.dir+"/"+name, configfile.Options{Guard: configfile.GuardPath}).Read()
		switch {
		case words == "" && (err != nil || string(content) != "content"):
			l.Errorf("%s: %q, %v", name, content, err)
		case words != "" && (err == nil || !strings.Contains(err.Error(), words)):
			l.Errorf("%s: %v, want %q", name, err, words)
		}
	}
}

func TestModes(t *testing.T) {
	for mode, words := range map[fs.FileMode]string{
		0o600: "", 0o644: "", 0o444: "", 0o755: "", 0o640: "",
		0o620: "can write to it: chmod", 0o602: "can write to it: chmod", 0o666: "can write to it: chmod", 0o777: "can write to it: chmod",
	} {
		l := newLab(t)
		l.write("file", mode)
		l.expect("file", words)
		l.link("file", "link")
		l.expect("link", words)
	}
}

func TestDirectories(t *testing.T) {
	const replace = "can replace it"
	for mode, words := range map[fs.FileMode]string{
		0o700: "", 0o755: "", 0o755 | fs.ModeSticky: "", 0o777 | fs.ModeSticky: "", 0o770 | fs.ModeSticky: "",
		0o777: replace, 0o775: replace, 0o772: replace, 0o777 | fs.ModeSetgid: replace,
	} {
		l := newLab(t)
		l.mkdir("a", mode)
		l.mkdir("a/b", 0o755)
		l.write("a/b/file", 0o600)
		l.expect("a/b/file", words)
		l.write("a/file", 0o600)
		l.expect("a/file", words)
		// The path of a link, and the path of its target.
		l.link("a/b/file", "into")
		l.expect("into", words)
		l.write("file", 0o600)
		l.link("../../file", "a/b/out")
		l.expect("a/b/out", words)
		l.link(filepath.Join(l.dir, "a/b"), "absolute")
		l.expect("absolute/file", words)
		l.expect("absolute/../file", words)
		// Directories that are not on the path do not matter.
		l.expect("file", "")
	}
}

func TestOwners(t *testing.T) {
	const belongs, replace = "it belongs to the user", "can replace it"
	l := newLab(t)
	l.write("file", 0o600)
	l.link("file", "link")
	l.mkdir("theirs", 0o755)
	l.write("theirs/file", 0o600)
	l.mkdir("shared", 0o777|fs.ModeSticky)
	l.write("shared/file", 0o600)
	l.write("shared/theirs", 0o600)
	l.link("../file", "shared/link")
	l.link("../file", "shared/their-link")
	l.mkdir("shared/dir", 0o755)
	l.write("shared/dir/file", 0o600)
	l.expect("shared/their-link", "")
	for _, name := range []string{"file", "theirs", "shared/theirs", "shared/their-link", "shared/dir"} {
		l.give(name)
	}
	l.expect("file", belongs)
	l.expect("link", belongs)
	l.expect("theirs/file", replace)
	l.expect("shared/file", "")
	l.expect("shared/theirs", belongs)
	l.expect("shared/dir/file", replace)
	l.must(os.Lchown(filepath.Join(l.dir, "file"), 0, 0))
	l.expect("shared/link", "")
	l.expect("shared/their-link", replace)
}

// TestKubernetes uses the layout in which Kubernetes mounts a Secret: the directory is
// writable for all, with the sticky bit, and links lead over ..data to the files.
func TestKubernetes(t *testing.T) {
	l := newLab(t)
	l.mkdir("secret", 0o777|fs.ModeSticky)
	for _, time := range []string{"..2026_01_01", "..2026_01_02"} {
		l.mkdir("secret/"+time, 0o755)
		l.write("secret/"+time+"/tokens", 0o644)
	}
	l.link("..2026_01_01", "secret/..data")
	l.link("..data/tokens", "secret/tokens")
	l.expect("secret/tokens", "")
	l.link("..2026_01_02", "secret/..data_tmp")
	l.must(os.Rename(filepath.Join(l.dir, "secret/..data_tmp"), filepath.Join(l.dir, "secret/..data")))
	l.expect("secret/tokens", "")
	l.must(os.Chmod(filepath.Join(l.dir, "secret"), 0o777))
	l.expect("secret/tokens", "can replace it")
}

func TestRelative(t *testing.T) {
	l := newLab(t)
	l.mkdir("open", 0o777)
	l.write("open/file", 0o600)
	t.Chdir(filepath.Join(l.dir, "open"))
	if _, _, err := configfile.New("file", configfile.Options{Guard: configfile.GuardPath}).Read(); err == nil {
		t.Error("a file of the working directory, which others can write to, was read")
	}
	if _, _, err := configfile.New("file", configfile.Options{Guard: configfile.GuardMode}).Read(); err != nil {
		t.Errorf("with GuardMode: %v", err)
	}
}

// TestStreams checks that a pipe is read once, and its content kept, and that a File that
// does not allow pipes does not wait for the other end of one.
func TestStreams(t *testing.T) {
	l := newLab(t)
	name := filepath.Join(l.dir, "pipe")
	l.must(syscall.Mkfifo(name, 0o600))
	if _, _, err := configfile.New(name, configfile.Options{}).Read(); err == nil || !strings.Contains(err.Error(), "must be a regular file") {
		t.Errorf("a pipe: %v", err)
	}
	written := make(chan error, 1)
	go func() { written <- os.WriteFile(name, []byte("content"), 0o600) }()
	file := configfile.New(name, configfile.Options{Streams: true, Guard: configfile.GuardPath})
	for range 3 {
		content, _, err := file.Read()
		if err != nil || string(content) != "content" {
			t.Errorf("%q, %v", content, err)
		}
	}
	l.must(<-written)
	l.must(os.Remove(name))
	if content, _, err := file.Read(); err != nil || string(content) != "content" {
		t.Errorf("without the pipe: %q, %v", content, err)
	}
}

func TestRegular(t *testing.T) {
	l := newLab(t)
	name := filepath.Join(l.dir, "file")
	file := configfile.New(name, configfile.Options{MaxBytes: 7})
	if _, _, err := file.Read(); !errors.Is(err, fs.ErrNotExist) || err.Error() != name+": no such file or directory" {
		t.Errorf("missing: %v", err)
	}
	l.write("file", 0o600)
	if content, _, err := file.Read(); err != nil || string(content) != "content" {
		t.Errorf("%q, %v", content, err)
	}
	l.must(os.WriteFile(name, []byte("another"), 0o600))
	if content, _, err := file.Read(); err != nil || string(content) != "another" {
		t.Errorf("replaced: %q, %v", content, err)
	}
	l.must(os.WriteFile(name, []byte("too long"), 0o600))
	if _, _, err := file.Read(); err == nil || !strings.Contains(err.Error(), "at most 7 bytes") {
		t.Errorf("too long: %v", err)
	}
	if _, _, err := configfile.New(l.dir, configfile.Options{}).Read(); err == nil || !strings.Contains(err.Error(), "directory") {
		t.Errorf("a directory: %v", err)
	}
	l.link("loop", "loop")
	if _, _, err := configfile.New(filepath.Join(l.dir, "loop"), configfile.Options{}).Read(); err == nil {
		t.Error("a loop was read")
	}
}
