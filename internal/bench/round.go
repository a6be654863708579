package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

// runCases runs all selected cases. A contestant that fails drops out of its case, and
// the run continues. Only the end of the context stops it.
func (l *lab) runCases(ctx context.Context, r *report) error {
	var failed error
	chosen := slices.DeleteFunc(cases(), func(c benchCase) bool { return !l.measures(c) })
	shares := 0
	for _, c := range chosen {
		shares += c.share()
	}
	used := 0
	for _, c := range chosen {
		used += c.share()
		var until time.Time
		if l.within > 0 {
			until = r.Begun.Add(l.within * time.Duration(used) / time.Duration(shares))
		}
		table, err := l.runCase(ctx, c, until)
		r.Tables = append(r.Tables, table)
		r.addContestants(table)
		failed = errors.Join(failed, err, os.RemoveAll(l.caseDir(c)))
		if ctx.Err() != nil {
			return errors.Join(failed, context.Cause(ctx))
		}
	}
	return failed
}

// runCase runs the rounds that every contestant has, and then more of those whose figures
// are near a target. It begins none after until; the zero time means no limit.
func (l *lab) runCase(ctx context.Context, c benchCase, until time.Time) (t table, failed error) {
	t = table{Case: c.name, About: c.about(l.options), ManyFiles: c.workload == small || c.workload == again, Tool: c.tool.program()}
	fmt.Fprintf(l.log, "%s: %s\n", c.name, t.About)
	entrants, failed := l.startEntrants(ctx, c, &t)
	defer func() {
		for _, e := range entrants {
			e.stop()
		}
	}()
	counted := c.rounds(l.options)
	failed = errors.Join(failed, l.measureRounds(ctx, entrants, 1-c.warmUp(), counted))
	t.addResults(entrants)
	near := slices.DeleteFunc(slices.Clone(entrants), func(e *entrant) bool { return !t.near(e.name()) })
	failed = errors.Join(failed, l.addRounds(ctx, near, counted+1, until))
	t.addResults(entrants)
	return t, failed
}

// addRounds runs rounds of some entrants until each has as many as one near a target should
// have, and begins none that would end after until, as far as the one before it tells.
func (l *lab) addRounds(ctx context.Context, entrants []*entrant, first int, until time.Time) (failed error) {
	var took time.Duration // By the last round.
	for round := first; round <= l.nearRounds && len(entrants) > 0; round++ {
		begun := time.Now()
		if !until.IsZero() && begun.Add(took).After(until) {
			break
		}
		failed = errors.Join(failed, l.measureRounds(ctx, entrants, round, round))
		took = time.Since(begun)
	}
	return failed
}

// addResults replaces the results of a table.
func (t *table) addResults(entrants []*entrant) {
	t.Results = nil
	for _, e := range entrants {
		t.Results = append(t.Results, *e.result)
	}
}

// startEntrants starts the contestants of a case, and adds those that are left out to its
// table.
func (l *lab) startEntrants(ctx context.Context, c benchCase, t *table) (entrants []*entrant, failed error) {
	for _, candidate := range contestants() {
		if !l.admits(candidate.name(), c) {
			continue
		}
		why := candidate.lacks(l, c)
		switch {
		case why == "" && c.roundTrip > 0 && !overLink(candidate.name()):
			why = "not measured over an emulated link"
		case why == "":
			why = c.tool.lacks()
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
	return entrants, failed
}

// measureRounds runs rounds of some entrants. Rounds below 1 do not count.
func (l *lab) measureRounds(ctx context.Context, entrants []*entrant, first, last int) (failed error) {
	for round := first; round <= last; round++ {
		for i := range entrants {
			// Reverse and rotate the order, so that no contestant always follows the same one.
			if round%2 != 0 {
				i = len(entrants) - 1 - i
			}
			e := entrants[(i+round/2)%len(entrants)]
			if e.failure == nil && ctx.Err() == nil {
				failed = errors.Join(failed, l.measureRound(ctx, e, round))
			}
		}
	}
	return failed
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
