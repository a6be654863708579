package engines

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/internal/testing/program"
	"github.com/tranship/tranship/internal/testing/s3engine"
	"github.com/tranship/tranship/store/s3"
	"github.com/tranship/tranship/transfer"
)

// TestNoDisk checks that a server of a bucket keeps nothing on its disk: it has no file open but
// its program and devices, and its directories stay empty, while files of all sizes go up and
// down and an upload is unfinished.
func TestNoDisk(t *testing.T) {
	engine := fakes3.New(fakes3.Options{})
	f := &fleet{endpoint: engine.Start(t), bucket: "bucket"}
	homes := map[string]string{"HOME": t.TempDir(), "TMPDIR": t.TempDir(), "XDG_CACHE_HOME": t.TempDir(), "XDG_CONFIG_HOME": t.TempDir(), "XDG_RUNTIME_DIR": t.TempDir()}
	work := t.TempDir()
	server := built.ServeStore(t, func(cmd *exec.Cmd) {
		cmd.Dir = work
		cmd.Env = append(cmd.Env, s3engine.Environment()...)
		for name, dir := range homes {
			cmd.Env = append(cmd.Env, name+"="+dir)
		}
	}, f.flags()...)
	check := func(when string) {
		t.Helper()
		for _, dir := range homes {
			isEmpty(t, dir, when)
		}
		isEmpty(t, work, when)
		hasNoFile(t, server, when)
	}
	dialed, err := client.Dial(t.Context(), server.Address, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dialed.Close() })
	check("after the start")

	// An upload stays unfinished, with a part that is durable and one that is not complete.
	size := int64(3 * partBytes)
	unfinished, err := dialed.Begin(t.Context(), tranship.Spec{Path: "unfinished", Size: &size, ResumeKey: "key"})
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, partBytes)
	first, err := unfinished.Part(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := unfinished.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	second, err := unfinished.Part(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := second.Write(data[:partBytes/2]); err != nil {
		t.Fatal(err)
	}
	check("with an upload in progress")

	up, down := t.TempDir(), filepath.Join(t.TempDir(), "down")
	for i, size := range []int64{0, 1, 4 << 10, 1 << 20, 2*partBytes + 1} {
		filetest.WriteRandom(t, filepath.Join(up, fmt.Sprint(i)), size, byte(i))
	}
	if _, err := transfer.Upload(t.Context(), dialed, up, "files", transfer.UploadOptions{}); err != nil {
		t.Fatal(err)
	}
	check("after uploads")
	if _, err := transfer.Download(t.Context(), dialed, "files", down, transfer.DownloadOptions{}); err != nil {
		t.Fatal(err)
	}
	check("after downloads")
	direct := f.open(t, s3.Options{})
	for i := range 5 {
		same(t, direct, fmt.Sprint("files/", i), filepath.Join(up, fmt.Sprint(i)))
	}
	server.Kill()
	for _, dir := range homes {
		isEmpty(t, dir, "after the server was killed")
	}
}

// isEmpty fails if a directory has an entry.
func isEmpty(t *testing.T, dir, when string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		t.Errorf("%s: %s is in a directory of the server", when, entry.Name())
	}
}

// hasNoFile fails if a server has a regular file or a directory open, also one without a name.
func hasNoFile(t *testing.T, server *program.Server, when string) {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", server.Pid())
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := filepath.Join(dir, entry.Name())
		target, err := os.Readlink(name)
		if err != nil {
			continue // it was closed meanwhile
		}
		info, err := os.Stat(name)
		if err != nil || !strings.HasPrefix(target, "/") || strings.HasPrefix(target, "/proc/") || strings.HasPrefix(target, "/sys/") {
			continue
		}
		if info.Mode().IsRegular() || info.IsDir() {
			t.Errorf("%s: the server has %s open", when, target)
		}
	}
}
