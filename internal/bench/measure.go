package main

import (
	"context"
	"errors"
	"time"
)

// measureCommands runs clients of a server at once.
func measureCommands(ctx context.Context, commands []command, server *process) (sample, error) {
	resetPeak(server.pid())
	before := treeCPU(server.pid())
	begun := time.Now()
	processes := make([]*process, 0, len(commands))
	var failed error
	for _, c := range commands {
		p, err := c.start(ctx)
		if err != nil {
			failed = err
			break
		}
		processes = append(processes, p)
	}
	watch := watchPeaks(server, processes)
	s := sample{}
	for _, p := range processes {
		failed = errors.Join(failed, p.wait())
		s.ClientCPU += (p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()).Seconds()
	}
	s.Seconds = time.Since(begun).Seconds()
	s.ClientPeak, s.ServerPeak = watch()
	s.ServerPeak = max(s.ServerPeak, server.peak())
	s.ServerCPU = (treeCPU(server.pid()) - before).Seconds()
	return s, failed
}

// Peaks only grow: what counts is to look shortly before the end. To look for
// descendants, among all processes of the machine, takes longer.
const (
	watchInterval = 5 * time.Millisecond
	watchForks    = 10 // Every so many intervals.
)

// watchPeaks looks at the memory of a server and its clients until the function that
// it returns is called, which tells the most that a single process has had.
func watchPeaks(server *process, processes []*process) (stop func() (client, server int64)) {
	ended, looked := make(chan struct{}), make(chan struct{})
	var client, serverPeak int64
	look := func(tick int) {
		for i, p := range processes {
			// Of many clients a few each time.
			if every := max(1, len(processes)/4); !p.forks && tick%every == i%every || p.forks && tick%(watchForks*every) == i%every {
				client = max(client, p.peak())
			}
		}
		if server.forks && tick%watchForks == 0 {
			serverPeak = max(serverPeak, server.peak())
		}
	}
	go func() {
		defer close(looked)
		poll := time.NewTicker(watchInterval)
		defer poll.Stop()
		for tick := 1; ; tick++ {
			look(tick)
			select {
			case <-ended:
				return
			case <-poll.C:
			}
		}
	}()
	return func() (int64, int64) {
		close(ended)
		<-looked
		return client, serverPeak
	}
}
