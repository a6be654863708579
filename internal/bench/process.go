package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// command is a program to run, once.
type command struct {
	args []string
	// env is added to this process's own.
	env   []string
	dir   string
	stdin string
	// forks: the program starts others that do the work, so that their memory has
	// to be looked for.
	forks bool
}

// process is a command that runs. It is killed, with all it has started, when the
// context ends that it was started with.
type process struct {
	cmd    *exec.Cmd
	forks  bool
	output lockedBuffer
	done   chan struct{} // Closed when it has ended; err only then.
	err    error
}

func (c command) start(ctx context.Context) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, c.args[0], c.args[1:]...), forks: c.forks, done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), c.env...)
	p.cmd.Dir = c.dir
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	if c.stdin != "" {
		p.cmd.Stdin = strings.NewReader(c.stdin)
	}
	isolate(p.cmd)
	p.cmd.Cancel = func() error { return killGroup(p.cmd) }
	// What the command has started may keep its output open.
	p.cmd.WaitDelay = 5 * time.Second
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.done)
		p.err = p.cmd.Wait()
	}()
	return p, nil
}

// wait waits for the end, which must be a good one.
func (p *process) wait() error {
	<-p.done
	if p.err != nil {
		return p.failure(p.err)
	}
	return nil
}

// failure adds to an error whose it is and the last that the process said.
func (p *process) failure(err error) error {
	said := strings.TrimSpace(p.output.String())
	return fmt.Errorf("%s: %w: %s", strings.Join(p.cmd.Args[:min(3, len(p.cmd.Args))], " "), err, last(said, 500))
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// peak is the memory of the largest process of the command so far. A nil forest
// leaves out those it has started.
func (p *process) peak(all forest) int64 {
	var peak int64
	for _, pid := range all.tree(p.pid()) {
		peak = max(peak, peakMemory(pid))
	}
	return peak
}

// stopTimeout is how long a server that has nothing to do may take to stop.
const stopTimeout = 5 * time.Second

// stop ends a server, if it must by force.
func (p *process) stop() {
	_ = terminate(p.cmd) // It may have ended.
	select {
	case <-p.done:
	case <-time.After(stopTimeout):
	}
	_ = killGroup(p.cmd)
	<-p.done
}

// await polls until ready is true. It fails when the process ends first.
func (p *process) await(ctx context.Context, ready func() bool) error {
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for !ready() {
		select {
		case <-poll.C:
		case <-ctx.Done():
			return p.failure(ctx.Err())
		case <-p.done:
			return p.failure(errors.Join(errors.New("has ended"), p.err))
		}
	}
	return nil
}

// lockedBuffer is written by a process and read by others. It keeps the end.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

// keptOutput is how much is kept of what a process says.
const keptOutput = 64 << 10

// Write implements io.Writer.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.buffer.Len() > keptOutput {
		b.buffer.Reset()
	}
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// last is the end of a text.
func last(text string, bytes int) string { return text[max(0, len(text)-bytes):] }
