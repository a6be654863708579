package interop

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// interpreter is Debian's Python, which finds Debian's modules.
const interpreter = "/usr/bin/python3"

// stubs generates the Python code of all protocols once.
var stubs = sync.OnceValues(func() (dir string, err error) {
	dir = filepath.Join(filepath.Dir(built.Path()), "stubs")
	if err := os.Mkdir(dir, 0o777); err != nil {
		return "", err
	}
	plugin, err := exec.LookPath("grpc_python_plugin")
	if err != nil {
		return "", err
	}
	for include, protos := range map[string][]string{
		"../../proto":              {"tranship/v1/file_service.proto", "tranship/v1/lane.proto"},
		"../../proto/filesrv/v1":   {"filesrv.proto"},
		"../../proto/filesrv/v2":   {"filesrv_v2.proto"},
		"../../proto/filetransfer": {"file_transfer.proto"},
	} {
		cmd := exec.Command("protoc", append([]string{
			"--plugin=protoc-gen-grpc_python=" + plugin,
			"-I", include, "--python_out=" + dir, "--grpc_python_out=" + dir,
		}, protos...)...)
		if output, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s: %w\n%s", cmd, err, output)
		}
	}
	return dir, nil
})

// pythonCommand returns a command that runs a program of the directory python.
func pythonCommand(t *testing.T, dir, program string, args ...string) *exec.Cmd {
	t.Helper()
	if err := exec.Command(interpreter, "-c", "import grpc.aio, google.protobuf").Run(); err != nil {
		missing(t, interpreter+" with the modules grpc and google.protobuf is not installed")
	}
	for _, tool := range []string{"protoc", "grpc_python_plugin"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing(t, tool+" is not installed")
		}
	}
	path, err := stubs()
	if err != nil {
		t.Fatal(err)
	}
	program, err = filepath.Abs(filepath.Join("python", program))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(interpreter, append([]string{program}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PYTHONPATH="+path, "PYTHONDONTWRITEBYTECODE=1", "PYTHONUTF8=1")
	return cmd
}

// python runs a program in dir until it ends.
func python(t *testing.T, dir, program string, args ...string) (code int, output string) {
	t.Helper()
	return finish(t, pythonCommand(t, dir, program, args...))
}

// pythonServer runs a server in a directory until the test ends, and returns its
// address.
func pythonServer(t *testing.T, dir, program string, args ...string) (address string) {
	t.Helper()
	cmd := pythonCommand(t, dir, program, args...)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	cmd.Stdout = writer
	output := start(t, cmd)
	writer.Close()
	port, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil {
		t.Fatalf("%s printed no port: %v\n%s", program, err, output())
	}
	return "127.0.0.1:" + strings.TrimSpace(port)
}

// hasLine reports whether the output of a program has a line, among others: Python's
// grpc.aio 1.51 sometimes prints a harmless BlockingIOError of one of its own callbacks.
func hasLine(output, line string) bool {
	return slices.Contains(strings.Split(output, "\n"), line)
}
