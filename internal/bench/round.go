package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// runCases runs all selected cases. A contestant that fails drops out of its case, and
// the run continues. Only the end of the context stops it.
func (l *lab) runCases(ctx context.Context, r *report) error {
	var failed error
	for _, c := range cases() {
		if !l.measures(c) {
			continue
		}
		table, err := l.runCase(ctx, c)
		r.Tables = append(r.Tables, table)
		r.addContestants(table)
		failed = errors.Join(failed, err, os.RemoveAll(filepath.Join(l.dir, c.name)))
		if ctx.Err() != nil {
			return errors.Join(failed, context.Cause(ctx))
		}
	}
	return failed
}

func (l *lab) runCase(ctx context.Context, c benchCase) (t table, failed error) {
	t = table{Case: c.name, About: c.about(l.options), ManyFiles: c.workload == small || c.workload == again}
	fmt.Fprintf(l.log, "%s: %s\n", c.name, t.About)
	var entrants []*entrant
	defer func() {
		for _, e := range entrants {
			e.stop()
			t.Results = append(t.Results, *e.result)
		}
	}()
	for _, candidate := range contestants() {
		if !l.admits(candidate.name(), c) {
			continue
		}
		why := candidate.lacks(l, c)
		if c.roundTrip > 0 && !overLink(candidate.name()) {
			why = "not measured over an emulated link"
		}
		if why != "" {
			t.Skipped = append(t.Skipped, skipped{Contestant: candidate.name(), Why: why})
			continue
		}
		e, err := l.startEntrant(ctx, c, candidate)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %s: %w", c.name, candidate.name(), err))
			t.Skipped = append(t.Skipped, skipped{Contestant: candidate.name(), Why: err.Error()})
			continue
		}
		e.result = &result{Contestant: candidate.name(), Bytes: c.bytes(l.options), Files: c.count(l.options)}
		entrants = append(entrants, e)
	}
	// The first round does not count, because caches are cold.
	for round := range c.rounds(l.options) + 1 {
		for i := range entrants {
			// Rotate the order, so that no contestant always follows the same one.
			e := entrants[(i+round)%len(entrants)]
			if e.failure == nil && ctx.Err() == nil {
				failed = errors.Join(failed, l.measureRound(ctx, e, round))
			}
		}
	}
	return t, failed
}

// measureRound runs one round of one entrant, and records its sample.
func (l *lab) measureRound(ctx context.Context, e *entrant, round int) error {
	s, err := e.round(ctx, round)
	if err != nil {
		e.failure = fmt.Errorf("%s: %s, round %d: %w", e.benchCase.name, e.name(), round, err)
		e.result.Failure = e.failure.Error()
		fmt.Fprintln(l.log, "  FAILED", e.failure)
		return e.failure
	}
	fmt.Fprintf(l.log, "  %d %-10s %7.3f s %8.1f MB/s  cpu %5.2f + %5.2f s  peak %4d + %4d MiB\n", round, e.name(), s.Seconds,
		float64(e.result.Bytes)/1e6/s.Seconds, s.ClientCPU, s.ServerCPU, s.ClientPeak>>20, s.ServerPeak>>20)
	if round > 0 {
		e.result.Samples = append(e.result.Samples, s)
	}
	return nil
}

// addContestants adds the contestants of a table that the report does not have yet.
func (r *report) addContestants(t table) {
	for _, c := range contestants() {
		known := slices.ContainsFunc(r.Contestants, func(p participant) bool { return p.Name == c.name() })
		if t.result(c.name()) != nil && !known {
			r.Contestants = append(r.Contestants, participant{Name: c.name(), About: c.about()})
		}
	}
}
