package examples

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/storeserver"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/mem"
)

// runs returns, for each example of a client, a function that runs its program.
func runs() map[string]func(t *testing.T, program string) {
	return map[string]func(t *testing.T, program string){
		"upload":   runUpload,
		"download": runDownload,
		"writer":   runWriter,
		"fs":       runFS,
	}
}

func TestExamples(t *testing.T) {
	directories, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	all := runs()
	for _, directory := range directories {
		if !directory.IsDir() {
			continue
		}
		name := directory.Name()
		t.Run(name, func(t *testing.T) {
			run := all[name]
			if run == nil {
				checkTested(t, name)
				return
			}
			run(t, programOf(name))
		})
	}
}

// servers are the examples of servers, which server_test.go tests.
var servers = []string{"authenticator", "mount", "serve"}

// checkTested fails unless another test covers an example: server_test.go or, if it is a
// package, its own tests.
func checkTested(t *testing.T, name string) {
	t.Helper()
	own, err := filepath.Glob(filepath.Join(root, name, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	if len(own) == 0 && !slices.Contains(servers, name) {
		t.Errorf("no test runs the example %s", name)
	}
}

// serveMemory serves a store in memory, and returns its URL.
func serveMemory(t *testing.T) (*mem.Store, string) {
	t.Helper()
	store := &mem.Store{}
	return store, "grpc://" + storeserver.Serve(t, store, server.Config{})
}

// output runs a program, which must succeed, and returns its output.
func output(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// putText stores a file.
func putText(t *testing.T, store tranship.Writer, path, content string) {
	t.Helper()
	if _, err := store.Put(t.Context(), tranship.Spec{Path: path}, []byte(content)); err != nil {
		t.Fatal(err)
	}
}

func runUpload(t *testing.T, program string) {
	store, server := serveMemory(t)
	local := t.TempDir()
	if err := os.WriteFile(filepath.Join(local, "large"), make([]byte, 3_000_000), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := output(t, program, local, server+"/to/there"); got != "1 files, 3000000 bytes\n" {
		t.Errorf("it printed %q", got)
	}
	if file, err := store.Stat(t.Context(), "to/there/large"); err != nil || file.Size != 3_000_000 {
		t.Errorf("%+v, %v", file, err)
	}
}

func runDownload(t *testing.T, program string) {
	store, server := serveMemory(t)
	putText(t, store, "from/d/a", "text")
	putText(t, store, "from/b", "more")
	local := filepath.Join(t.TempDir(), "new")
	for _, want := range []string{"2 files, 8 bytes, 0 skipped\n", "2 files, 8 bytes, 2 skipped\n"} {
		if got := output(t, program, server+"/from", local); got != want {
			t.Errorf("it printed %q, want %q", got, want)
		}
	}
	if data, err := os.ReadFile(filepath.Join(local, "d", "a")); err != nil || string(data) != "text" {
		t.Errorf("%q, %v", data, err)
	}
}

func runWriter(t *testing.T, program string) {
	store, server := serveMemory(t)
	if got := output(t, program, server+"/lines.txt", "200000"); got != "line 0200000\n" {
		t.Errorf("it printed %q", got)
	}
	if file, err := store.Stat(t.Context(), "lines.txt"); err != nil || file.Size != 13*200_000 {
		t.Errorf("%+v, %v", file, err)
	}
}

func runFS(t *testing.T, program string) {
	store, server := serveMemory(t)
	putText(t, store, "site/a.txt", "0123456789")
	command := exec.CommandContext(t.Context(), program, server, "127.0.0.1:0")
	var complaints bytes.Buffer
	command.Stderr = &complaints
	printed, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = command.Process.Kill()
		_ = command.Wait() // fails, because the process was killed
	}()
	line, err := bufio.NewReader(printed).ReadString('\n')
	if err != nil {
		t.Fatalf("%v\n%s", err, complaints.String())
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimSpace(line)+"site/a.txt", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Range", "bytes=2-4")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if body, err := io.ReadAll(response.Body); err != nil || string(body) != "234" || response.StatusCode != http.StatusPartialContent {
		t.Errorf("status %d, %q, %v", response.StatusCode, body, err)
	}
}
