package quota

import (
	"context"
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/budget"
	"github.com/tranship/tranship/internal/keyedlock"
)

const (
	// leaseTime is for how long a lease of a server is valid, and renewTime when the server
	// renews it, or gives it back if it has not used it.
	leaseTime = 2 * time.Minute
	renewTime = 15 * time.Second
	// graceTime is how long after its lease a server is taken for dead. The clocks of servers
	// may differ by as much.
	graceTime = time.Minute
	// mostSlack is how much a server leases at most beyond what it needs at the moment: 256 MiB
	// and 4,096 files. It leases at most an eighth of what is free.
	mostSlackBytes = 256 << 20
	mostSlackFiles = 4096
	slackPart      = 8
	// sharedUploads is how many unfinished resumable uploads a principal may have at most. Their
	// sizes must fit into the record.
	sharedUploads = 300
	// swapPause is the longest pause before a record is changed that another server has changed
	// at the same time.
	swapPause = 20 * time.Millisecond
)

// shared makes several servers keep one limit for each account. Each server leases a part of
// what is free, and admits calls within its lease without asking the others. What it has used is
// reported with the next change of the record.
type shared struct {
	state  tranship.StateStore
	ledger *ledger
	// server is the id of this server.
	server string
	// locks serialize the changes of the record of each account.
	locks keyedlock.Locks

	// ctx ends what runs in the background.
	ctx        context.Context
	stop       context.CancelFunc
	background sync.WaitGroup

	// mu guards closed and timers, which renew leases, by account.
	mu     sync.Mutex
	closed bool
	timers map[string]*time.Timer
}

// grant is what this server has leased for an account. The ledger's mutex guards it.
type grant struct {
	amount
	// until is when the server stops to use it.
	until time.Time
	seq   uint64
	// added is what was added to the account since the latest change of the record, at since.
	added amount
	since time.Time
	// pending is a change whose outcome is not known; nil for none.
	pending *settlement
}

// settlement is a change of a record: the lease becomes next, and used is reported.
type settlement struct {
	seq               uint64
	used, added, next amount
	at, until         time.Time
}

func newShared(state tranship.StateStore, l *ledger) *shared {
	s := &shared{state: state, ledger: l, server: rand.Text()[:13], timers: make(map[string]*time.Timer)}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// fullError means that an account has not as much left as was asked for.
type fullError struct {
	// need is what was asked for, and free is what is left.
	need, free amount
}

func (*fullError) Error() string { return "the account is full" }

// isFull reports whether err is a fullError.
func isFull(err error) bool {
	_, full := errors.AsType[*fullError](err)
	return full
}

// update reports what this server has used of an account, and changes its record. It leases ask
// beyond what is reserved, or returns a *fullError. change may be nil; free is what is left beside
// the leases of others and what this server has reserved. If change fails, nothing is changed.
func (s *shared) update(ctx context.Context, name string, ask amount, change func(r *record, free amount) error) error {
	unlock, err := s.locks.Lock(ctx, name)
	if err != nil {
		return err
	}
	defer unlock()
	for {
		r, version, err := load(ctx, s.state, name)
		if err != nil {
			return err
		}
		made, was, err := s.prepare(r, ask, change)
		if err != nil {
			return err
		}
		err = save(ctx, s.state, r, version)
		again := errors.Is(err, tranship.ErrPrecondition)
		s.settled(name, made, was, err, again)
		if !again {
			return err
		}
		if err := budget.Sleep(ctx, mathrand.N(swapPause)); err != nil { //nolint:gosec // guessing it gains nothing
			return err
		}
	}
}

// prepare changes a record that was loaded. Until the change is stored, this server uses no more
// than both the older and the newer lease allow; was is the older one.
func (s *shared) prepare(r *record, ask amount, change func(r *record, free amount) error) (made *settlement, was amount, err error) {
	l := s.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	now, limit := time.Now(), l.options.limitsFor(l.terms[r.Name]).amount()
	g, has := l.grantLocked(r.Name), l.usageLocked(r.Name)
	defer l.forgetUnusedLocked(r.Name)
	held, holds := r.Leases[s.server]
	if g.pending != nil {
		if holds && held.Seq == g.pending.seq {
			l.settleLocked(r.Name, g.pending)
		}
		g.pending = nil
	}
	if !holds {
		held.amount = amount{}
	}
	g.seq = max(g.seq, held.Seq)
	g.amount = held.amount // the record decides
	r.bury(now, s.server)
	made = &settlement{seq: g.seq + 1, used: amount{has.Bytes, has.Files}, added: g.added, at: now, until: now.Add(leaseTime - graceTime/2)}
	if r.Recounted.Add(graceTime).After(g.since) {
		r.Used = r.Used.plus(made.added) // what was removed may not have been counted already
	} else {
		r.Used = r.Used.plus(made.used)
	}
	if r.Scan != nil {
		r.Scan.Added = r.Scan.Added.plus(made.added)
	}
	reserved := amount{has.ReservedBytes, has.ReservedFiles}
	if change != nil {
		if err := change(r, r.free(limit, s.server).minus(reserved)); err != nil {
			return nil, amount{}, err
		}
	}
	free := r.free(limit, s.server)
	need := reserved.plus(ask)
	if (ask != amount{}) && !need.fits(free) {
		return nil, amount{}, &fullError{ask, free.minus(reserved)}
	}
	slack := amount{(free.Bytes - need.Bytes) / slackPart, (free.Files - need.Files) / slackPart}
	made.next = need.plus(slack.least(amount{mostSlackBytes, mostSlackFiles}).most(amount{}))
	if (need == amount{}) && (made.used == amount{}) && (made.added == amount{}) {
		made.next = amount{} // the account is not used here any more
	}
	delete(r.Leases, s.server)
	if (made.next != amount{}) {
		r.Leases[s.server] = lease{amount: made.next, Seq: made.seq, Expires: now.Add(leaseTime)}
	}
	was = g.amount
	g.amount = g.amount.least(made.next.plus(made.used))
	g.pending = made
	return made, was, nil
}

// settled records the outcome of a change.
func (s *shared) settled(name string, made *settlement, was amount, err error, again bool) {
	l := s.ledger
	l.mu.Lock()
	g := l.grantLocked(name)
	switch {
	case err == nil:
		l.settleLocked(name, made)
		g.pending = nil
	case again:
		g.amount, g.pending = was, nil
	}
	idle := (g.amount == amount{}) && g.pending == nil && (g.added == amount{})
	if has := l.accounts[name]; idle && (has == nil || has.Bytes == 0 && has.Files == 0) {
		delete(l.grants, name)
		delete(l.terms, name)
	} else {
		idle = false
	}
	l.mu.Unlock()
	if !idle {
		s.renewLater(name)
	}
}

// renewLater makes the server report what it uses of an account, and renew its lease.
func (s *shared) renewLater(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.timers[name] != nil {
		return
	}
	s.background.Add(1)
	s.timers[name] = time.AfterFunc(renewTime, func() {
		defer s.background.Done()
		s.mu.Lock()
		delete(s.timers, name)
		closed := s.closed
		s.mu.Unlock()
		if closed {
			return
		}
		if err := s.update(s.ctx, name, amount{}, nil); err != nil {
			s.renewLater(name)
		}
	})
}

// close gives all leases back.
func (s *shared) close(ctx context.Context) (err error) {
	s.stop()
	s.mu.Lock()
	s.closed = true
	for name, timer := range s.timers {
		if timer.Stop() {
			s.background.Done()
		}
		delete(s.timers, name)
	}
	s.mu.Unlock()
	s.background.Wait()
	s.ledger.mu.Lock()
	var names []string
	for name := range s.ledger.grants {
		names = append(names, name)
	}
	s.ledger.mu.Unlock()
	for _, name := range names {
		for range 2 { // the first one reports, and the second one finds nothing to report
			err = errors.Join(err, s.update(ctx, name, amount{}, nil))
		}
	}
	return err
}

// grantLocked returns the grant of an account to be changed in place.
func (l *ledger) grantLocked(name string) *grant {
	g := l.grants[name]
	if g == nil {
		g = &grant{}
		l.grants[name] = g
	}
	return g
}

// settleLocked records that a change of a record was made.
func (l *ledger) settleLocked(name string, made *settlement) {
	g, has := l.grantLocked(name), l.usageLocked(name)
	has.Bytes -= made.used.Bytes
	has.Files -= made.used.Files
	g.added = g.added.minus(made.added)
	g.amount, g.since, g.until, g.seq = made.next, made.at, made.until, made.seq
}

// elsewhereLocked returns what of the limits of an account this server has not leased. What it has
// used and reserved must fit into the rest.
func (l *ledger) elsewhereLocked(name string, limits Limits) amount {
	if l.shared == nil {
		return amount{}
	}
	limit := limits.amount()
	if g := l.grants[name]; g != nil && time.Now().Before(g.until) {
		return limit.minus(g.amount)
	}
	return limit
}
