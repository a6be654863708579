package lanes

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"
)

// dial makes a lane to an address. When that fails, it finds out why.
func (l *Lanes) dial(to netip.AddrPort) (*Lane, error) {
	made, err := (*Lane)(nil), ErrNone
	if l.known() != "" {
		made, err = l.options.Dial(l.ctx, to)
	}
	if err == nil && made.Instance() == l.known() {
		return made, l.pool.add(made)
	}
	l.checking <- struct{}{} // each holder ends soon
	defer func() { <-l.checking }()
	if known := l.usable(to); known != nil { // another call has found out
		closeLane(made)
		return nil, known
	}
	if err == nil && made.Instance() == l.known() {
		return made, l.pool.add(made)
	}
	if made, err = l.check(to, made, err); err != nil {
		return nil, err
	}
	return made, l.pool.add(made)
}

// check asks the server, over gRPC, what a lane of another instance, or a failure, means. A
// server that was started again has another instance id, and may not have accepted connections
// for a moment. The caller must hold checking.
func (l *Lanes) check(to netip.AddrPort, made *Lane, failed error) (*Lane, error) {
	failed = cmp.Or(failed, ErrOtherInstance)
	ctx, cancel := context.WithTimeout(l.ctx, askTime)
	defer cancel()
	instance, err := l.options.Ask(ctx)
	if err == nil {
		l.mu.Lock()
		l.instance = instance
		l.mu.Unlock()
		if made != nil && instance != "" && made.Instance() == instance {
			return made, nil
		}
	}
	closeLane(made)
	switch {
	case l.ctx.Err() != nil:
		return nil, errClosed
	case err != nil:
		return nil, l.block(to, fmt.Errorf("%w: %w", ErrDown, failed), pauseTime)
	case instance == "":
		return nil, l.block(to, ErrNone, blockTime)
	}
	if !isTimeout(failed) {
		again, err := l.options.Dial(l.ctx, to)
		if err == nil && again.Instance() == instance {
			return again, nil
		}
		closeLane(again)
		failed = cmp.Or(err, ErrOtherInstance)
	}
	if l.ctx.Err() != nil {
		return nil, errClosed
	}
	return nil, l.block(to, failed, blockTime)
}

// known returns the instance id that the server has told last.
func (l *Lanes) known() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.instance
}

// block keeps calls from trying lanes at an address for some time, and returns the reason.
func (l *Lanes) block(to netip.AddrPort, reason error, wait time.Duration) error {
	now := l.options.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	for other, known := range l.blocked {
		if !now.Before(known.until) {
			delete(l.blocked, other)
		}
	}
	l.blocked[to] = block{reason, now.Add(wait)}
	return reason
}

func closeLane(l *Lane) {
	if l != nil {
		_ = l.Close()
	}
}

// isTimeout reports whether nothing has answered.
func isTimeout(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)
}
