package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// tool is a program that watches both ends of a copy.
type tool int

const (
	noTool      tool = iota
	callCounter      // strace counts system calls.
	profiler         // perf samples stacks.
)

// program returns the name of the program.
func (t tool) program() string {
	switch t {
	case callCounter:
		return "strace"
	case profiler:
		return "perf"
	}
	return ""
}

// lacks returns why the tool cannot be used; "" if it can.
func (t tool) lacks() string {
	if t != noTool && program(t.program()) == "" {
		return missing(t.program())
	}
	return ""
}

// command returns the start of a command that watches a program until it ends, or until
// SIGINT, and writes to a file.
func (t tool) command(file string) []string {
	if t == callCounter {
		return []string{program("strace"), "-f", "-c", "-o", file}
	}
	return []string{program("perf"), "record", "--quiet", "--call-graph", "fp", "--freq", "999", "--event", "cpu-clock", "--output", file}
}

// started reports whether the tool watches the processes of its command. perf says nothing,
// but creates its file.
func (t tool) started(p *process, file string) bool {
	if t == callCounter {
		return strings.Contains(p.output.String(), "attached")
	}
	info, err := os.Stat(file)
	return err == nil && info.Size() > 0
}

// watch copies with a tool at both ends.
func (e *entrant) watch(ctx context.Context, client command) (sample, error) {
	clientFile, serverFile := e.watchFile("client"), e.watchFile("server")
	attach := e.tool.command(serverFile)
	for _, pid := range readForest().tree(e.server.pid()) {
		attach = append(attach, "-p", strconv.Itoa(pid))
	}
	watcher, err := command{args: attach}.start(ctx)
	if err != nil {
		return sample{}, err
	}
	err = watcher.await(ctx, func() bool { return e.tool.started(watcher, serverFile) })
	if err != nil {
		watcher.stop()
		return sample{}, err
	}
	client.args = append(append(e.tool.command(clientFile), "--"), client.args...)
	s, err := measureCommands(ctx, []command{client}, e.server.process)
	// Both programs then write their file. They end as the signal would end them.
	err = errors.Join(err, watcher.cmd.Process.Signal(syscall.SIGINT))
	<-watcher.done
	if err != nil {
		return s, err
	}
	if e.tool == callCounter {
		s.ClientCalls, err = readCalls(clientFile)
		if err == nil {
			s.ServerCalls, err = readCalls(serverFile)
		}
		return s, err
	}
	return s, errors.Join(writeProfile(clientFile), writeProfile(serverFile))
}

// watchFile returns the file that a tool writes. Profiles are kept.
func (e *entrant) watchFile(end string) string {
	if e.tool == profiler {
		return filepath.Join(e.out, fmt.Sprintf("%s-%s-%s.perf", e.benchCase.name, strings.ReplaceAll(e.name(), "/", "-"), end))
	}
	return filepath.Join(e.site.dir, end+".calls")
}

// writeProfile writes the time of each function of a profile beside it, as text.
func writeProfile(file string) error {
	text, err := systemTool(program("perf"), "report", "--input", file, "--stdio", "--no-children", "--call-graph", "none", "--percent-limit", "0.3", "--column-widths", "8,16,24,100")
	if err != nil {
		return err
	}
	return os.WriteFile(strings.TrimSuffix(file, ".perf")+".txt", []byte(text+"\n"), 0o644)
}
