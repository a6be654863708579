package scrub

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/verification"
)

// The keys of the server's state.
const (
	leaseKey    = "verify/lease"
	progressKey = "verify/progress"
)

// progress is how far the servers are.
type progress struct {
	// Begun is when the pass under way has begun; the zero time if none is under way. Totals is
	// what it has found, and where it continues.
	Begun  time.Time           `json:"begun,omitzero"`
	Totals verification.Totals `json:"totals"`
	// Finished is when the latest pass has ended, and Latest what it has found.
	Finished time.Time           `json:"finished,omitzero"`
	Latest   verification.Totals `json:"latest"`

	version string
}

func (p progress) isUnderWay() bool { return !p.Begun.IsZero() }

// load reads the progress. One that cannot be decoded counts as none.
func (s *Scrub) load(ctx context.Context) (progress, error) {
	entry, err := s.options.State.GetState(ctx, progressKey)
	if errors.Is(err, tranship.ErrNotFound) {
		return progress{}, nil
	}
	if err != nil {
		return progress{}, err
	}
	var p progress
	if json.Unmarshal(entry.Value, &p) != nil {
		p = progress{}
	}
	p.version = entry.Version
	return p, nil
}

// save stores the progress. The caller must have the lease.
func (s *Scrub) save(ctx context.Context, p *progress) error {
	value, err := json.Marshal(p)
	if err != nil {
		return err
	}
	version, err := s.options.State.SwapState(ctx, tranship.StateEntry{Key: progressKey, Value: value, Version: p.version})
	if err == nil {
		p.version = version
	}
	return err
}

// lease is the right to verify files, which one server has at a time.
type lease struct {
	state   tranship.StateStore
	version string
}

// lease takes the lease. It fails with tranship.ErrPrecondition while another server has it.
func (s *Scrub) lease(ctx context.Context) (*lease, error) {
	l := &lease{state: s.options.State}
	return l, l.renew(ctx)
}

// renew extends the lease.
func (l *lease) renew(ctx context.Context) error {
	version, err := l.state.SwapState(ctx, tranship.StateEntry{Key: leaseKey, Version: l.version, Value: []byte("{}"), Expires: time.Now().Add(leaseTime)})
	if err == nil {
		l.version = version
	}
	return err
}

// release gives the lease back.
func (l *lease) release() {
	ctx, cancel := context.WithTimeout(context.Background(), saveInterval)
	defer cancel()
	_ = l.state.RemoveState(ctx, leaseKey, l.version) // it expires
}
