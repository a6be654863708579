package hook

import (
	"context"
	"errors"
	"time"

	"github.com/tranship/tranship"
)

// lease lets one of several servers deliver the events of a hook. Only one goroutine uses it.
type lease struct {
	hooks *Hooks
	key   string
	// length is how long it holds.
	length time.Duration
	// version is that of the lease in the state, "" if this server has none, and until is when
	// it stops to use it.
	version string
	until   time.Time
}

// take takes or extends the lease, and reports whether this server has it. Much of the time of a
// lease is left then.
func (l *lease) take(ctx context.Context) (bool, error) {
	if l.hooks.options.Exclusive {
		return true, ctx.Err()
	}
	now := time.Now()
	if l.version != "" && now.Before(l.until.Add(-l.length/3)) {
		return true, nil
	}
	ctx, cancel := context.WithTimeout(ctx, stateTime)
	defer cancel()
	entry := tranship.StateEntry{Key: l.key, Value: []byte(l.hooks.server), Version: l.version, Expires: now.Add(l.length)}
	version, err := l.hooks.state.SwapState(ctx, entry)
	if errors.Is(err, tranship.ErrPrecondition) {
		l.version = ""
		if entry.Version == "" {
			return false, nil
		}
		return l.take(ctx) // it has expired, perhaps without another owner
	}
	if err != nil {
		return l.version != "" && now.Before(l.until), err
	}
	l.version, l.until = version, now.Add(l.length*2/3)
	return true, nil
}

// left returns for how long this server may deliver.
func (l *lease) left() time.Duration {
	if l.hooks.options.Exclusive {
		return MaxTimeout
	}
	return time.Until(l.until)
}

// end gives the lease back.
func (l *lease) end(ctx context.Context) error {
	if l.version == "" {
		return nil
	}
	return ignoreChanged(l.hooks.state.RemoveState(ctx, l.key, l.version))
}
