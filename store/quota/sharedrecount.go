package quota

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/tranship/tranship"
)

const (
	// recountKey is the key of the server that counts the files again, which is taken for dead
	// after recountFor.
	recountKey = "quota/recount"
	recountFor = time.Hour
	// recountEvery is how often the files of an account are counted again.
	recountEvery = 24 * time.Hour
)

// changedLocked notes that a file was added to an account or removed. A recount that is under way
// may not see one that was added.
func (l *ledger) changedLocked(file tranship.AccountEntry, added bool) {
	g := l.grantLocked(*file.Account)
	if g.since.IsZero() {
		g.since = time.Now()
	}
	if added {
		g.added = g.added.plus(amount{file.Size, 1})
	}
	l.shared.renewLater(*file.Account)
}

// moved notes that a file was moved. A recount may see it at neither path.
func (l *ledger) moved(file tranship.AccountEntry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shared != nil && file.Account != nil {
		l.changedLocked(file, true)
	}
}

// recountLater counts all files again in the background if an account needs it: servers have died
// that had leased a part of it, or it was not counted for a day.
func (s *Store) recountLater(name string) {
	s.shared.background.Go(func() {
		ctx := s.shared.ctx
		r, _, err := load(ctx, s.shared.state, name)
		if err != nil {
			return
		}
		if r.bury(time.Now(), s.shared.server); r.Lost == (amount{}) && time.Since(r.Recounted) < recountEvery {
			return
		}
		if err := s.Recount(ctx); err != nil && ctx.Err() == nil {
			s.logger.WarnContext(ctx, "counting the files of quotas again failed", "error", err)
		}
	})
}

// Recount counts all files again, for all accounts, unless another server does it at the moment.
// What servers had leased that have died is free again afterwards. Calls that add files meanwhile
// may be counted twice, until the next time. Without Options.Shared it does nothing.
func (s *Store) Recount(ctx context.Context) error {
	if s.shared == nil {
		return nil
	}
	state, id := s.shared.state, rand.Text()
	turn := &recountTurn{state: state, id: id}
	err := turn.renew(ctx)
	if errors.Is(err, tranship.ErrPrecondition) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = state.RemoveState(context.WithoutCancel(ctx), recountKey, turn.version) }() // it expires
	var names []string
	for entry, err := range state.ListState(ctx, recordsPrefix) {
		if err != nil {
			return err
		}
		r, err := parseRecord(entry.Value)
		if err != nil {
			return err
		}
		names = append(names, r.Name)
	}
	for _, name := range names {
		begin := func(r *record, _ amount) error { r.Scan = &scan{ID: id, Lost: r.Lost}; return nil }
		if err := s.shared.update(ctx, name, amount{}, begin); err != nil {
			return err
		}
	}
	counted := make(map[string]amount)
	for file, err := range s.keeper.Accounts(ctx) {
		if err := turn.renew(ctx); err != nil {
			return err
		}
		if _, skipped := errors.AsType[*tranship.SkippedError](err); skipped || err == nil && (file.Account == nil || file.IsDir) {
			continue
		}
		if err != nil {
			return err
		}
		counted[*file.Account] = counted[*file.Account].plus(amount{file.Size, 1})
	}
	for _, name := range names {
		end := func(r *record, _ amount) error { r.endScan(id, s.shared.server, counted[name], time.Now()); return nil }
		if err := s.shared.update(ctx, name, amount{}, end); err != nil {
			return err
		}
		delete(counted, name)
	}
	for name, found := range counted {
		add := func(r *record, _ amount) error { r.count(found, time.Now()); return nil }
		if err := s.shared.update(ctx, name, amount{}, add); err != nil {
			return err
		}
	}
	return s.counted(ctx)
}

// count adds what was counted for an account that had no record before. What was reported meanwhile
// may be in both, until the next time.
func (r *record) count(found amount, now time.Time) {
	if r.Scan == nil {
		r.Used, r.Recounted = r.Used.plus(found), now.Round(0).UTC()
	}
}

// endScan sets what is used to what was counted, and what was added meanwhile. While other servers
// use the account, some files may be in both: if more was counted than was known before, what was
// added does not count again then.
func (r *record) endScan(id, server string, counted amount, now time.Time) {
	if r.Scan == nil || r.Scan.ID != id {
		return
	}
	known := r.Used.plus(r.Scan.Lost)
	r.Used = counted.plus(r.Scan.Added)
	_, own := r.Leases[server]
	if others := len(r.Leases) > 1 || len(r.Leases) == 1 && !own; others || (r.Scan.Added != amount{}) {
		r.Used = r.Used.least(known.most(counted))
	}
	r.Lost = r.Lost.minus(r.Scan.Lost).most(amount{})
	r.Scan, r.Recounted = nil, now.Round(0).UTC()
}
