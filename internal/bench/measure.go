package main

import (
	"context"
	"errors"
	"time"
)

// measureCommands runs clients of a server concurrently.
func measureCommands(ctx context.Context, commands []command, server *process) (sample, error) {
	resetPeak(server.pid())
	before := treeCPU(server.pid())
	begun := time.Now()
	processes := make([]*process, 0, len(commands))
	for _, c := range commands {
		p, err := c.start(ctx)
		if err != nil {
			return sample{}, err // The context ends the others.
		}
		processes = append(processes, p)
	}
	var failed error
	watch := watchPeaks(server, processes)
	s := sample{}
	for _, p := range processes {
		failed = errors.Join(failed, p.wait())
		s.ClientCPU += (p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()).Seconds()
	}
	s.Seconds = time.Since(begun).Seconds()
	s.ClientPeak, s.ServerPeak = watch()
	s.ServerPeak = max(s.ServerPeak, server.peak(nil))
	s.ServerCPU = (treeCPU(server.pid()) - before).Seconds()
	return s, failed
}

// Intervals between samples. A peak only grows, so that the last sample before the end
// counts. Finding descendants among all processes of the machine takes longer.
const (
	watchInterval = 5 * time.Millisecond
	watchForks    = 40 // Descendants are sampled once in so many intervals.
)

// watchPeaks samples the memory of a server and its clients until the returned function
// is called, which returns the largest peak of a single process of each.
func watchPeaks(server *process, processes []*process) (stop func() (client, server int64)) {
	ended, looked := make(chan struct{}), make(chan struct{})
	var client, serverPeak int64
	look := func(tick int) {
		var all forest
		if (server.forks || processes[0].forks) && tick%watchForks == 0 {
			all = readForest()
		}
		// If there are many clients, sample some of them each time.
		for i, every := 0, max(1, len(processes)/8); i < len(processes); i++ {
			if all != nil || tick%every == i%every {
				client = max(client, processes[i].peak(all))
			}
		}
		serverPeak = max(serverPeak, server.peak(all))
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
