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

// asUnprivileged returns the program as a command of the system's unprivileged user, which
// cannot read the files of root.
func asUnprivileged(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to run the program as another user")
	}
	directory, err := os.MkdirTemp("", "unprivileged") //nolint:usetesting // other users cannot enter t.TempDir
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

// sharedDirectory returns a temporary directory that every user may write to.
func sharedDirectory(t *testing.T) string {
	t.Helper()
	directory, err := os.MkdirTemp("", "open") //nolint:usetesting // other users cannot enter t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(directory) })
	if err := os.Chmod(directory, 0o777); err != nil {
		t.Fatal(err)
	}
	return directory
}

// giveToUnprivileged makes the unprivileged user the owner of a directory and all below it.
func giveToUnprivileged(t *testing.T, directory string) {
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

// serveAsNobody serves a directory with files, and with closed directories that the server
// cannot read.
func serveAsNobody(t *testing.T, closed []string, files ...string) (root, server string) {
	t.Helper()
	directory := sharedDirectory(t)
	root, ready := filepath.Join(directory, "root"), filepath.Join(directory, "ready")
	cmd := asUnprivileged(t, "serve", "--root", root, "--listen", "127.0.0.1:0", "--ready-file", ready, "--quota-files", "1000")
	writeTree(t, root, files...)
	for _, path := range closed {
		writeTree(t, root, path+"/file")
	}
	giveToUnprivileged(t, root)
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

// A directory that the server cannot read is reported and skipped; everything else is
// processed. A server with quotas starts in spite of it.
func TestUnreadableDirectoriesAreSkipped(t *testing.T) {
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

	// -u lists the target, parts of which the server cannot read.
	source := t.TempDir()
	writeTree(t, source, "b", "new/file")
	output(t, 0, "cp", "-r", "-u", source+"/.", server+"/d")
	writeTree(t, source, "closed/file")
	_, text := output(t, 4, "cp", "-r", "-u", source+"/.", server+"/d")
	if strings.Count(text, "\n") != 1 || !strings.Contains(text, "closed/file: permission denied") {
		t.Errorf("cp -u: %s", text)
	}

	// A call of filesrv can report it only at its end.
	_, text = output(t, 4, "cp", "-r", "--protocol", "filesrv", "--filesrv-revision", "2", server+"/copy/*", server+"/d", t.TempDir())
	if !strings.Contains(text, "d/closed") {
		t.Errorf("filesrv: %s", text)
	}

	reports(t, 1, "not moved: permission denied", server, below, "mv", server+"/d", server+"/moved")
	output(t, 0, "ls", "-r", server+"/moved")
	writeTree(t, root, "d/again")
	giveToUnprivileged(t, filepath.Join(root, "d/again"))
	reports(t, 1, "not removed: permission denied", server, below, "rm", "-r", server+"/d")
	for _, path := range []string{"d/again", "d/b", "d/sub/c"} {
		if _, err := os.Lstat(filepath.Join(root, path)); err == nil {
			t.Errorf("%s is still there", path)
		}
	}
	for _, path := range closed {
		if _, err := os.Lstat(filepath.Join(root, path, "file")); err != nil {
			t.Errorf("unreadable file: %v", err)
		}
	}
}

// An upload skips files and directories that the user cannot read, and reports each.
func TestUploadSkipsUnreadableDirectories(t *testing.T) {
	t.Parallel()
	_, _, address := serveFor(t.Context(), t)
	server := "grpc://" + address
	directory := sharedDirectory(t)
	for _, tree := range []string{"one", "two"} {
		writeTree(t, directory, tree+"/a", tree+"/closed/x", tree+"/sub/b", tree+"/unread", tree+"/z")
		giveToUnprivileged(t, filepath.Join(directory, tree))
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
		cmd := asUnprivileged(t, append(args, server+"/")...)
		var text strings.Builder
		cmd.Stderr = &text
		_ = cmd.Run()
		if code := cmd.ProcessState.ExitCode(); code != 1 {
			t.Errorf("%q: exit code %d", args, code)
		}
		lines := text.String()
		for _, line := range []string{"one/closed: not copied: ", "one/unread: ", "two/closed: not copied: ", "two/unread: ", "three: "} {
			if strings.Count(lines, directory+"/"+line) != 1 {
				t.Errorf("%q: want %q once: %s", args, line, lines)
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
	// An unreadable source itself is an error, not a skipped entry.
	for _, mode := range []os.FileMode{0o700, 0o744, 0o711} {
		if err := os.Chmod(filepath.Join(directory, "three"), mode); err != nil {
			t.Fatal(err)
		}
		cmd := asUnprivileged(t, "cp", "-r", filepath.Join(directory, "three"), server+"/")
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

// A move of a directory continues after a file that fails.
func TestMoveContinuesAfterFailedFile(t *testing.T) {
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
