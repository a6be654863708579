package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tranship/tranship/internal/testing/program"
)

// writeTree makes files below a directory, each with its name as its content.
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

// filesBelow are the files below a directory, relative to it.
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

// reports runs a command that must exit with a code and report some places, one line
// each, in any order.
func reports(t *testing.T, code int, undone, server string, paths []string, args ...string) (out string) {
	t.Helper()
	out, text := output(t, code, args...)
	for _, path := range paths {
		if line := "tranship: " + server + "/" + path + ": " + undone; strings.Count(text, line) != 1 {
			t.Errorf("%q does not say %q once:\n%s", args, line, text)
		}
	}
	if got := strings.Count(text, "\n"); got != len(paths) {
		t.Errorf("%q prints %d lines, want %d:\n%s", args, got, len(paths), text)
	}
	return out
}

// What a served directory has that is no file of the store is reported, one line each.
func TestReportsWhatIsNoFile(t *testing.T) {
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

	// They are no files for ls, which has not failed.
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

// asNobody runs the program as the user nobody, which may not read what only root may.
func asNobody(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to run the program as another user")
	}
	// Other users cannot enter the directories of tests.
	directory, err := os.MkdirTemp("", "nobody") //nolint:usetesting // others cannot enter those
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(directory) })
	if err := os.Chmod(directory, 0o755); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(directory, "tranship")
	copied, err := program.At("/proc/self/exe").Copy(name)
	if err != nil {
		t.Fatal(err)
	}
	cmd := copied.Command(t.Context(), args...)
	cmd.Env = append(cmd.Env, "HOME="+directory)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	return cmd
}

// sharedDirectory is a temporary directory that the user nobody may use.
func sharedDirectory(t *testing.T) string {
	t.Helper()
	directory, err := os.MkdirTemp("", "open") //nolint:usetesting // others cannot enter those
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(directory) })
	if err := os.Chmod(directory, 0o777); err != nil {
		t.Fatal(err)
	}
	return directory
}

// giveToNobody makes the user nobody the owner of a directory and all below it.
func giveToNobody(t *testing.T, directory string) {
	t.Helper()
	err := filepath.WalkDir(directory, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(name, 65534, 65534)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// serveAsNobody serves a directory that has files, and directories that the server
// may not read.
func serveAsNobody(t *testing.T, closed []string, files ...string) (root, server string) {
	t.Helper()
	directory := sharedDirectory(t)
	root, ready := filepath.Join(directory, "root"), filepath.Join(directory, "ready")
	cmd := asNobody(t, "serve", "--root", root, "--listen", "127.0.0.1:0", "--ready-file", ready, "--quota-files", "1000")
	writeTree(t, root, files...)
	for _, path := range closed {
		writeTree(t, root, path+"/file")
	}
	giveToNobody(t, root)
	for _, path := range closed {
		name := filepath.Join(root, path)
		if err := os.Chown(name, 0, 0); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(name, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	address, err := program.Ready(program.Start(t, cmd).Done(), ready)
	if err != nil {
		t.Fatal(err)
	}
	return root, "grpc://" + address
}

// One directory that the server may not read hides itself and nothing else. A server
// with quotas starts.
func TestGoesOnPastUnreadableDirectories(t *testing.T) {
	t.Parallel()
	closed := []string{"lost+found", "d/closed", "d/sub/closed", "only/closed"}
	root, server := serveAsNobody(t, closed, "a", "d/b", "d/sub/c", "z/file")

	if got := reports(t, 1, "not listed: permission denied", server, []string{"lost+found"}, "ls", server); got != "a\nd/\nonly/\nz/\n" {
		t.Errorf("ls prints %s", got)
	}
	if got := reports(t, 1, "not listed: permission denied", server, closed, "ls", "-r", server); got != "a\nd/b\nd/sub/c\nz/file\n" {
		t.Errorf("ls -r prints %s", got)
	}
	reports(t, 1, "not listed: permission denied", server, []string{"only/closed"}, "ls", server+"/only")
	reports(t, 4, "permission denied", server, []string{"lost+found"}, "ls", server+"/lost+found")
	reports(t, 4, "permission denied", server, []string{"d/closed"}, "stat", server+"/d/closed")
	reports(t, 4, "permission denied", server, []string{"d/closed/file"}, "stat", server+"/d/closed/file")
	output(t, 0, "stat", server+"/a")

	local := filepath.Join(t.TempDir(), "local")
	below := []string{"d/closed", "d/sub/closed"}
	reports(t, 1, "not copied: permission denied", server, below, "cp", "-r", server+"/d", local)
	if got := filesBelow(t, local); got != "b sub/c" {
		t.Errorf("copied %s", got)
	}
	reports(t, 1, "not copied: permission denied", server, below, "cp", "-r", server+"/d", server+"/copy")
	output(t, 0, "ls", "-r", server+"/copy")

	// -u looks at the target, where it cannot read everything.
	source := t.TempDir()
	writeTree(t, source, "b", "new/file")
	output(t, 0, "cp", "-r", "-u", source+"/.", server+"/d")
	writeTree(t, source, "closed/file")
	_, text := output(t, 4, "cp", "-r", "-u", source+"/.", server+"/d")
	if strings.Count(text, "\n") != 1 || !strings.Contains(text, "closed/file: permission denied") {
		t.Errorf("cp -u: %s", text)
	}

	// A call of filesrv can only fail in the end.
	_, text = output(t, 4, "cp", "-r", "--protocol", "filesrv", "--filesrv-revision", "2", server+"/copy/*", server+"/d", t.TempDir())
	if !strings.Contains(text, "d/closed") {
		t.Errorf("filesrv: %s", text)
	}

	reports(t, 1, "not moved: permission denied", server, below, "mv", server+"/d", server+"/moved")
	output(t, 0, "ls", "-r", server+"/moved")
	writeTree(t, root, "d/again")
	giveToNobody(t, filepath.Join(root, "d/again"))
	reports(t, 1, "not removed: permission denied", server, below, "rm", "-r", server+"/d")
	for _, path := range []string{"d/again", "d/b", "d/sub/c"} {
		if _, err := os.Lstat(filepath.Join(root, path)); err == nil {
			t.Errorf("%s is still there", path)
		}
	}
	for _, path := range closed {
		if _, err := os.Lstat(filepath.Join(root, path, "file")); err != nil {
			t.Errorf("what may not be read: %v", err)
		}
	}
}

// An upload goes on past what this machine's user may not read, with each way to
// name it.
func TestUploadGoesOnPastUnreadableDirectories(t *testing.T) {
	t.Parallel()
	_, _, address := serveFor(t.Context(), t)
	server := "grpc://" + address
	directory := sharedDirectory(t)
	for _, tree := range []string{"one", "two"} {
		writeTree(t, directory, tree+"/a", tree+"/closed/x", tree+"/sub/b", tree+"/unread", tree+"/z")
		giveToNobody(t, filepath.Join(directory, tree))
		for name, mode := range map[string]os.FileMode{"closed": 0o700, "unread": 0o600} {
			name = filepath.Join(directory, tree, name)
			if err := os.Chown(name, 0, 0); err != nil {
				t.Skip(err)
			}
			if err := os.Chmod(name, mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	writeTree(t, directory, "three/x")
	if err := os.Chmod(filepath.Join(directory, "three"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"cp", "-r"}, {"cp", "-r", "-u"}} {
		for _, path := range []string{"one", "two", "three"} {
			args = append(args, filepath.Join(directory, path))
		}
		cmd := asNobody(t, append(args, server+"/")...)
		var text strings.Builder
		cmd.Stderr = &text
		_ = cmd.Run()
		if code := cmd.ProcessState.ExitCode(); code != 1 {
			t.Errorf("%q: exit code %d", args, code)
		}
		lines := text.String()
		for _, line := range []string{"one/closed: not copied: ", "one/unread: ", "two/closed: not copied: ", "two/unread: ", "three: "} {
			if strings.Count(lines, directory+"/"+line) != 1 {
				t.Errorf("%q does not say %q once: %s", args, line, lines)
			}
		}
		if strings.Count(lines, "\n") != 5 {
			t.Errorf("%q: %s", args, lines)
		}
		if out, _ := output(t, 0, "ls", "-r", server); out != "one/a\none/sub/b\none/z\ntwo/a\ntwo/sub/b\ntwo/z\n" {
			t.Errorf("%q: the server has %s", args, out)
		}
		output(t, 0, "rm", "-r", server+"/one", server+"/two")
	}
	// What is named itself is not left out of anything.
	for _, mode := range []os.FileMode{0o700, 0o744, 0o711} {
		if err := os.Chmod(filepath.Join(directory, "three"), mode); err != nil {
			t.Fatal(err)
		}
		cmd := asNobody(t, "cp", "-r", filepath.Join(directory, "three"), server+"/")
		var text strings.Builder
		cmd.Stderr = &text
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != 4 || text.String() != "tranship: "+directory+"/three: permission denied\n" {
			t.Errorf("of mode %v: exit code %d: %s", mode, code, text.String())
		}
	}
}

// A move of a directory goes on past a file that fails.
func TestMoveGoesOnPastAFile(t *testing.T) {
	t.Parallel()
	root, server := serveAsNobody(t, nil, "d/a", "d/unread", "d/z")
	if err := os.Chown(filepath.Join(root, "d/unread"), 0, 0); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(root, "d/unread"), 0o600); err != nil {
		t.Fatal(err)
	}
	reports(t, 4, "permission denied", server, []string{"d/unread"}, "mv", server+"/d", server+"/moved")
	if got := filesBelow(t, filepath.Join(root, "moved")); got != "a z" {
		t.Errorf("moved %s", got)
	}
	reports(t, 4, "permission denied", server, []string{"d/unread"}, "cp", "-r", server+"/d", filepath.Join(t.TempDir(), "local"))
}
