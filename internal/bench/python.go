package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
)

// python is FileSrv in Python, with the programs of the interop tests.
type python struct{}

func (python) name() string { return "python" }

func (python) about() string {
	return "FileSrv with Python's grpcio, 1 MiB chunks, a call a file (interop/python)"
}

// pythonProgram is Debian's Python, which finds Debian's modules.
const pythonProgram = "/usr/bin/python3"

func (python) lacks(l *lab, c benchCase) string {
	switch {
	case c.tls:
		return "the programs of interop/python have no TLS"
	case c.durable:
		return "has no such option"
	case c.workload == again:
		return "copies everything again"
	case exec.Command(pythonProgram, "-c", "import grpc, google.protobuf").Run() != nil:
		return missing("Python's grpcio")
	case program("protoc") == "" || program("grpc_python_plugin") == "":
		return missing("protoc with grpc_python_plugin")
	}
	if _, err := os.Stat(l.pythonFile("filesrv_server.py")); err != nil {
		return "it runs from the root of the repository only"
	}
	return ""
}

// pythonFile returns the path of a program, and of their directory for "".
func (l *lab) pythonFile(name string) string { return filepath.Join("interop", "python", name) }

func (p python) serve(ctx context.Context, s site) (*service, error) {
	protoc := exec.CommandContext(ctx, "protoc", "--plugin=protoc-gen-grpc_python="+program("grpc_python_plugin"),
		"-I", "proto/filesrv/v1", "--python_out="+s.dir, "--grpc_python_out="+s.dir, "filesrv.proto")
	if output, err := protoc.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("protoc: %w: %s", err, output)
	}
	c, err := p.command(s, s.root, "filesrv_server.py")
	if err != nil {
		return nil, err
	}
	return startPrinting(ctx, c, "")
}

func (python) command(s site, dir, name string, args ...string) (command, error) {
	name, err := filepath.Abs(s.pythonFile(name))
	return command{
		args: append([]string{pythonProgram, name}, args...),
		env:  []string{"PYTHONPATH=" + s.dir, "PYTHONDONTWRITEBYTECODE=1", "PYTHONUTF8=1"},
		dir:  dir,
	}, err
}

// copy gives the client the paths that the server uses: it runs in a directory in which a
// link leads to the local files.
func (p python) copy(j job) (command, error) {
	dir := filepath.Join(j.dir, "cwd")
	link := filepath.Join(dir, path.Dir(j.remote))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return command{}, err
	}
	if err := os.Remove(link); err != nil && !errors.Is(err, os.ErrNotExist) {
		return command{}, err
	}
	if err := os.Symlink(filepath.Dir(j.local), link); err != nil {
		return command{}, err
	}
	args := []string{j.address, "upload"}
	if j.down {
		args[1] = "download"
	}
	if j.names == nil {
		args = append(args, j.remote)
	}
	for _, name := range j.names {
		args = append(args, path.Join(j.remote, name))
	}
	return p.command(j.site, dir, "filesrv_client.py", args...)
}
