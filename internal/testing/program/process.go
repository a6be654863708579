package program

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// Process is a process of a program. It may have ended.
type Process struct {
	// Cmd is the command that was started.
	Cmd *exec.Cmd
	// Out and Err are its standard output and standard error, unless Cmd had writers
	// already.
	Out, Err Output

	done chan struct{}
}

// Start starts the program with arguments. The process is killed when the test ends.
func (p Program) Start(t testing.TB, args ...string) *Process {
	t.Helper()
	return Start(t, p.Command(context.Background(), args...))
}

// Start starts a command. The process is killed when the test ends.
func Start(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	p := &Process{Cmd: cmd, done: make(chan struct{})}
	if cmd.Stdout == nil {
		cmd.Stdout = &p.Out
	}
	if cmd.Stderr == nil {
		cmd.Stderr = &p.Err
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		if err := cmd.Wait(); err != nil && !isExit(err) {
			fmt.Fprintln(&p.Err, err)
		}
	}()
	t.Cleanup(p.Kill)
	return p
}

func isExit(err error) bool {
	_, ok := errors.AsType[*exec.ExitError](err)
	return ok
}

// Done returns a channel that is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Ended reports whether the process has ended.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Code waits for the end of the process and returns its exit code; -1 if a signal ended
// it.
func (p *Process) Code() int {
	<-p.done
	return p.Cmd.ProcessState.ExitCode()
}

// Pid returns the process ID.
func (p *Process) Pid() int { return p.Cmd.Process.Pid }

// Kill kills the process, so that it cannot clean up, and waits for its end.
func (p *Process) Kill() {
	_ = p.Cmd.Process.Kill() // it may have ended already
	<-p.done
}

// Signal sends a signal to the process, which must not have ended.
func (p *Process) Signal(t testing.TB, signal os.Signal) {
	t.Helper()
	if err := p.Cmd.Process.Signal(signal); err != nil {
		t.Fatalf("%q has ended: %v\n%s", p.Cmd.Args, err, p.Err.String())
	}
}

// Wait waits for the end of the process and returns its exit code. If that takes longer
// than limit, it makes the process print its goroutines and fails the test.
func (p *Process) Wait(t testing.TB, limit time.Duration) int {
	t.Helper()
	select {
	case <-p.done:
	case <-time.After(limit):
		_ = p.Cmd.Process.Signal(syscall.SIGQUIT)
		<-p.done
		t.Fatalf("%q has not ended after %v:\n%s", p.Cmd.Args, limit, p.Err.String())
	}
	return p.Code()
}

// Succeeds waits for the end of the process, and fails the test unless its exit code is
// 0.
func (p *Process) Succeeds(t testing.TB, limit time.Duration) {
	t.Helper()
	if code := p.Wait(t, limit); code != 0 {
		t.Fatalf("%q: exit code %d: %s", p.Cmd.Args, code, p.Err.String())
	}
}

// Stop stops the process with SIGTERM, and fails the test unless its exit code is 0.
func (p *Process) Stop(t testing.TB, limit time.Duration) {
	t.Helper()
	p.Signal(t, syscall.SIGTERM)
	p.Succeeds(t, limit)
}
