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

// command is a program and its arguments.
type command struct {
	args []string
	// env is added to this process's own.
	env   []string
	dir   string
	stdin string
	// forks is whether the program starts others that do the work, whose memory counts.
	forks bool
}

// process is a running command. It and all its descendants are killed when the context
// ends that it was started with.
type process struct {
	cmd    *exec.Cmd
	forks  bool
	output lockedBuffer
	done   chan struct{} // Closed when it has ended; err is valid then.
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
	// Descendants may keep the output open.
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

// wait waits until the process exits. It fails unless the exit code is 0.
func (p *process) wait() error {
	<-p.done
	if p.err != nil {
		return p.failure(p.err)
	}
	return nil
}

// failure adds the command and the last output of the process to an error.
func (p *process) failure(err error) error {
	said := strings.TrimSpace(p.output.String())
	return fmt.Errorf("%s: %w: %s", strings.Join(p.cmd.Args[:min(3, len(p.cmd.Args))], " "), err, last(said, 500))
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// peak returns the peak memory of the largest process of the command. If all is nil, it
// leaves out descendants.
func (p *process) peak(all forest) int64 {
	var peak int64
	for _, pid := range all.tree(p.pid()) {
		peak = max(peak, peakMemory(pid))
	}
	return peak
}

// stopTimeout bounds how long an idle server may take to stop.
const stopTimeout = 5 * time.Second

// stop stops a server, and kills it after stopTimeout.
func (p *process) stop() {
	_ = terminate(p.cmd) // It may have exited.
	select {
	case <-p.done:
	case <-time.After(stopTimeout):
	}
	_ = killGroup(p.cmd)
	<-p.done
}

// await polls until ready returns true. It fails if the process exits first.
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

// lockedBuffer keeps the end of a process's output. It is safe for concurrent use.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

// keptOutput is how many bytes of a process's output are kept.
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

// last returns the end of a text.
func last(text string, bytes int) string { return text[max(0, len(text)-bytes):] }
