package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// environment has the credentials of the engine, which believes all.
func environment() []string {
	return append(os.Environ(), "AWS_ACCESS_KEY_ID=bench", "AWS_SECRET_ACCESS_KEY=benchbench", "AWS_EC2_METADATA_DISABLED=true", "AWS_ENDPOINT_URL_S3=", "AWS_CA_BUNDLE=")
}

// cost is what a copy has taken.
type cost struct {
	wall time.Duration
	// client and server are processor time.
	client, server time.Duration
	// memory is the most memory of the client, in bytes.
	memory int64
	// requests is how many requests the engine had.
	requests int
}

// service is a process that runs until it is stopped.
type service struct {
	cmd     *exec.Cmd
	address string
}

// stop ends the process. Its files are removed with those of the lab.
func (s *service) stop() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// used returns the processor time of the process until now.
func (s *service) used() time.Duration {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	const user, system, tick = 11, 12, 10 * time.Millisecond
	u, _ := strconv.ParseInt(fields[user], 10, 64)
	k, _ := strconv.ParseInt(fields[system], 10, 64)
	return time.Duration(u+k) * tick
}

// value returns a number in a file of the process in /proc.
func (s *service) value(file, name string) int64 {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/%s", s.cmd.Process.Pid, file))
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n
		}
	}
	return 0
}

// startEngine starts the engine in a process of its own, at a free port of a host.
func startEngine(host string) (*service, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, "engine", host)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	address, err := bufio.NewReader(out).ReadString('\n')
	return &service{cmd: cmd, address: strings.TrimSpace(address)}, err
}

// startServer starts a server in a place over the engine's bucket, with a directory for its files.
func startServer(where place, binary, engine, directory string, flags ...string) (*service, error) {
	ready := filepath.Join(directory, "ready")
	_ = os.Remove(ready)
	args := append(slices.Clone(where.wrapper), binary, "serve", "--store", "s3://bucket", "--s3-endpoint", "http://"+engine, "--s3-path-style", "--listen", net.JoinHostPort(where.host, "0"), "--ready-file", ready)
	args = append(args, flags...)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env, cmd.Dir = environment(), directory
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	for begun := time.Now(); time.Since(begun) < time.Minute; time.Sleep(10 * time.Millisecond) {
		if address, err := os.ReadFile(ready); err == nil {
			return &service{cmd: cmd, address: strings.TrimSpace(string(address))}, nil
		}
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	return nil, fmt.Errorf("the server did not start: %s", said.String())
}

// run runs a command and returns what it has taken.
func run(ctx context.Context, args ...string) (cost, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = environment()
	begun := time.Now()
	out, err := cmd.CombinedOutput()
	taken := cost{wall: time.Since(begun)}
	if err != nil {
		return taken, fmt.Errorf("%s: %w: %s", strings.Join(args[:min(len(args), 3)], " "), err, out)
	}
	taken.client = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		taken.memory = usage.Maxrss << 10
	}
	return taken, nil
}
