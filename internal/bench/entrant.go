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
	// stop ends the server and the emulated link.
	stop    func()
	result  *result
	failure error
}

// staged is the directory below the root that downloads come from.
const staged = "staged"

// startEntrant starts the server of a contestant, and uploads what the case needs there.
func (l *lab) startEntrant(ctx context.Context, c benchCase, candidate contestant) (_ *entrant, err error) {
	dir := filepath.Join(l.caseDir(c), candidate.name())
	e := &entrant{contestant: candidate, site: site{lab: l, benchCase: c, root: filepath.Join(dir, "root"), dir: filepath.Join(dir, "etc")}}
	for _, dir := range []string{e.root, e.site.dir} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
	}
	if e.server, err = candidate.serve(ctx, e.site); err != nil {
		return nil, err
	}
	e.address = e.server.address
	e.stop = e.server.stop
	if c.down || c.workload == again {
		// The contestant uploads the files itself, so that its server can record their
		// metadata.
		up := e.job(staged, 0, false)
		if _, err = e.measure(ctx, []job{up}); err != nil {
			e.stop()
			return nil, fmt.Errorf("staging: %w", err)
		}
	}
	if c.roundTrip > 0 {
		// The link runs in this process, so that its CPU time counts neither for the
		// client nor for the server.
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

// job returns what one client copies, into the directory called to.
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

// round performs the copy of the case once, compares the copy with its source, and
// removes it.
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
			err = errors.Join(err, e.remove(j))
		}
	}
	return s, err
}

// target returns where the copy of a job is by its name.
func (j job) target() string {
	if j.down {
		return j.local
	}
	return filepath.Join(j.root, j.remote)
}

// stored returns where the copy of a job is.
func (e *entrant) stored(j job) (string, error) {
	if keeper, ok := e.contestant.(keeper); ok && !j.down {
		return keeper.stored(j)
	}
	return j.target(), nil
}

// remove removes the copy of a job.
func (e *entrant) remove(j job) error {
	err := os.RemoveAll(filepath.Dir(j.target()))
	if keeper, ok := e.contestant.(keeper); ok && !j.down {
		err = errors.Join(err, keeper.remove(j))
	}
	return err
}

// measure runs all jobs concurrently, each by a separate client, and compares the copies
// with their sources.
func (e *entrant) measure(ctx context.Context, jobs []job) (sample, error) {
	commands := make([]command, len(jobs))
	for i, j := range jobs {
		// The parent of the target must exist, for uploads and downloads of trees.
		err := os.MkdirAll(filepath.Dir(j.target()), 0o755)
		if err == nil {
			commands[i], err = e.copy(j)
		}
		if err != nil {
			return sample{}, err
		}
	}
	if err := e.quiesce(e.bytes(e.options)); err != nil {
		return sample{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	var s sample
	var err error
	if e.tool != noTool && jobs[0].down == e.benchCase.down {
		s, err = e.watch(ctx, commands[0])
	} else {
		s, err = measureCommands(ctx, commands, e.server.process)
	}
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
		got, err := e.stored(j)
		if err == nil {
			err = verify(want, got, j.names)
		}
		if err != nil {
			return s, err
		}
	}
	return s, nil
}
