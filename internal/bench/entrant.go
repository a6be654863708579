package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tranship/tranship/internal/testing/linkemu"
)

// entrant is a contestant in one case, with its server.
type entrant struct {
	contestant
	site
	server *service
	// address is where clients connect to.
	address string
	// stop ends what was started.
	stop    func()
	result  *result
	failure error
}

// staged is the directory below the root that downloads come from.
const staged = "staged"

// enter starts the server, and puts there what the case needs to be there.
func (l *lab) enter(ctx context.Context, c benchCase, who contestant) (_ *entrant, err error) {
	dir := filepath.Join(l.dir, c.name, who.name())
	e := &entrant{contestant: who, site: site{lab: l, benchCase: c, root: filepath.Join(dir, "root"), dir: filepath.Join(dir, "etc")}}
	for _, dir := range []string{e.root, e.site.dir} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
	}
	if e.server, err = who.serve(ctx, e.site); err != nil {
		return nil, err
	}
	e.address = e.server.address
	e.stop = e.server.stop
	if c.down || c.workload == again {
		// By the contestant itself, so that its server knows of it what it can.
		up := e.job(staged, 0, false)
		if _, err = e.measure(ctx, []job{up}); err != nil {
			e.stop()
			return nil, fmt.Errorf("staging: %w", err)
		}
	}
	if c.roundTrip > 0 {
		// In this process, whose time is neither the client's nor the server's.
		proxy, err := linkemu.Listen(e.address, c.link(), c.link())
		if err != nil {
			e.stop()
			return nil, err
		}
		e.address = proxy.Address()
		e.stop = func() {
			_ = proxy.Close()
			e.server.stop()
		}
	}
	return e, nil
}

// job is what one client copies, into the directory called to.
func (e *entrant) job(to string, client int, down bool) job {
	j := job{site: e.site, address: e.address, down: down, local: e.source.large}
	switch e.workload {
	case small, again:
		j.local, j.names = e.source.tree, e.source.files
	case clients:
		j.local = e.source.client
		to = fmt.Sprintf("%s-%d", to, client)
	}
	j.remote = to + "/" + filepath.Base(j.local)
	if j.down {
		j.local = filepath.Join(e.site.dir, to, filepath.Base(j.local))
		j.remote = staged + "/" + filepath.Base(j.local)
	}
	return j
}

// round copies once, as the case says, compares what was copied, and removes it.
func (e *entrant) round(ctx context.Context, number int) (sample, error) {
	to := fmt.Sprintf("round-%d", number)
	if e.workload == again {
		to = staged
	}
	jobs := []job{e.job(to, 0, e.benchCase.down)}
	for len(jobs) < e.lab.clients && e.workload == clients {
		jobs = append(jobs, e.job(to, len(jobs), e.benchCase.down))
	}
	s, err := e.measure(ctx, jobs)
	s.Round = number
	for _, j := range jobs {
		if e.workload != again {
			err = errors.Join(err, os.RemoveAll(filepath.Dir(j.target())))
		}
	}
	return s, err
}

// target is where the copy of a job is.
func (j job) target() string {
	if j.down {
		return j.local
	}
	return filepath.Join(j.root, j.remote)
}

// measure runs all jobs at once, each by a client of its own, and compares what was
// copied.
func (e *entrant) measure(ctx context.Context, jobs []job) (sample, error) {
	commands := make([]command, len(jobs))
	for i, j := range jobs {
		// Both sides of tree copies expect its parent.
		err := os.MkdirAll(filepath.Dir(j.target()), 0o755)
		if err == nil {
			commands[i], err = e.copy(j)
		}
		if err != nil {
			return sample{}, err
		}
	}
	if err := e.settle(e.bytes(e.options)); err != nil {
		return sample{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	s, err := measureCommands(ctx, commands, e.server.process)
	if err != nil {
		return s, fmt.Errorf("%w; its server: %q", err, last(e.server.output.String(), 300))
	}
	for _, j := range jobs {
		want := e.source.large
		switch e.workload {
		case small, again:
			want = e.source.tree
		case clients:
			want = e.source.client
		}
		if err := verify(want, j.target(), j.names); err != nil {
			return s, err
		}
	}
	return s, nil
}
