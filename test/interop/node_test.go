package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// modules installs the modules of package-lock.json once.
var modules = sync.OnceValues(func() (dir string, err error) {
	dir = filepath.Join(filepath.Dir(built.Path()), "node")
	if err := os.Mkdir(dir, 0o777); err != nil {
		return "", err
	}
	for _, name := range []string{"package.json", "package-lock.json"} {
		data, err := os.ReadFile(filepath.Join("node", name))
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			return "", err
		}
	}
	cmd := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = dir
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %w\n%s", err, output)
	}
	return filepath.Join(dir, "node_modules"), nil
})

// node runs a program of the directory node in dir until it ends.
func node(t *testing.T, dir, program string, env string, args ...string) (code int, output string) {
	t.Helper()
	return finish(t, nodeCommand(t, dir, program, env, args...))
}

// nodeCommand returns the command of a program of the directory node in dir.
func nodeCommand(t *testing.T, dir, program string, env string, args ...string) *exec.Cmd {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing(t, tool+" is not installed")
		}
	}
	path, err := modules()
	if err != nil {
		missing(t, "the modules from npm cannot be installed: "+err.Error())
	}
	program, err = filepath.Abs(filepath.Join("node", program))
	if err != nil {
		t.Fatal(err)
	}
	name, proto, _ := strings.Cut(env, "=")
	proto, err = filepath.Abs(filepath.Join("..", "..", "proto", proto))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", append([]string{program}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "NODE_PATH="+path, name+"="+proto)
	return cmd
}

const (
	filesrvProto      = "FILESRV_PROTO=filesrv/v1/filesrv.proto"
	filesrvV2Proto    = "FILESRV_PROTO=filesrv/v2/filesrv_v2.proto"
	filetransferProto = "FILETRANSFER_PROTO=filetransfer/file_transfer.proto"
	transhipProto     = "TRANSHIP_PROTO=."
)

func TestNodeFilesrv(t *testing.T) {
	address, root := serve(t)
	source, target, files := t.TempDir(), t.TempDir(), samples()
	create(t, source, files)
	code, output := node(t, source, "filesrv_client.js", filesrvProto, append([]string{address, "upload"}, paths(files)...)...)
	succeed(t, code, output)
	check(t, root, files)

	names := slices.Insert(paths(files), 3, "missing.txt")
	code, output = node(t, target, "filesrv_client.js", filesrvProto, append([]string{address, "download"}, names...)...)
	if code != 1 || !strings.Contains(output, "INVALID_ARGUMENT: Invalid filepath: missing.txt") {
		t.Errorf("exit code %d: %s", code, output)
	}
	check(t, target, files)

	for name, keep := range matches() {
		target := t.TempDir()
		code, output := node(t, target, "filesrv_client.js", filesrvV2Proto, address, "download-all", name)
		succeed(t, code, output)
		check(t, target, some(files, keep))
	}
}

func TestNodeFiletransfer(t *testing.T) {
	address, root := serve(t)
	source, files := t.TempDir(), samples()
	create(t, source, files)
	for name := range files {
		code, output := node(t, source, "filetransfer_client.js", filetransferProto, address, name, name)
		succeed(t, code, output)
		if want := "File " + name + " received successfully."; !hasLine(output, want) {
			t.Errorf("answer is %s", output)
		}
	}
	check(t, root, files)
}

func TestNodeNative(t *testing.T) {
	address, root := serve(t)
	source, target, files := t.TempDir(), t.TempDir(), samples()
	create(t, source, files)
	for name := range files {
		code, output := node(t, source, "tranship_client.js", transhipProto, address, "upload", name, name)
		succeed(t, code, output)
		if !strings.HasPrefix(output, name+" ") {
			t.Errorf("%s: %s", name, output)
		}
	}
	check(t, root, files)
	downloaded := map[string]int{"many-chunks.bin": files["many-chunks.bin"], "empty.bin": 0}
	for name := range downloaded {
		code, output := node(t, target, "tranship_client.js", transhipProto, address, "download", name, name)
		succeed(t, code, output)
	}
	check(t, target, downloaded)
}
