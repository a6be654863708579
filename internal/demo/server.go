package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// server is a running "tranship serve".
type server struct {
	root    string // The directory it serves.
	address string // The address on which it listens, "host:port".

	cmd    *exec.Cmd
	log    bytes.Buffer
	exited chan error // Receives the result of the process, once.
}

// startServer starts a server with a root below dir, and returns once it is ready.
// It is killed when the context ends.
func startServer(ctx context.Context, binary, dir string) (*server, error) {
	s := &server{root: filepath.Join(dir, "root"), exited: make(chan error, 1)}
	if err := os.Mkdir(s.root, 0o755); err != nil {
		return nil, err
	}
	ready := filepath.Join(dir, "ready")
	s.cmd = exec.CommandContext(ctx, binary, "serve", "--root", s.root,
		"--listen", "127.0.0.1:0", "--ready-file", ready, "--log-level", "warn")
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { s.exited <- s.cmd.Wait() }()

	for {
		content, err := os.ReadFile(ready)
		if err == nil && bytes.HasSuffix(content, []byte("\n")) {
			s.address = strings.TrimSpace(string(content))
			return s, nil
		}
		select {
		case err := <-s.exited:
			return nil, fmt.Errorf("the server did not start: %w\n%s", err, s.output())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// stopTimeout bounds how long an idle server may take to stop.
const stopTimeout = 20 * time.Second

// stop sends SIGTERM to the server, as a service manager does, waits until it exits, and
// returns an error unless it stopped cleanly.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stopping the server: %w", err)
	}
	select {
	case err := <-s.exited:
		if err != nil {
			return fmt.Errorf("the server did not stop cleanly: %w", err)
		}
		return nil
	case <-time.After(stopTimeout):
		late := fmt.Errorf("the server did not stop within %s of SIGTERM", stopTimeout)
		return errors.Join(late, s.cmd.Process.Kill(), <-s.exited)
	}
}

// output returns what the server has printed. It may be called only once the server has
// exited.
func (s *server) output() string {
	return strings.TrimSpace(s.log.String())
}
