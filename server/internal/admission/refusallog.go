package admission

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/tranship/tranship/access/authn"
)

// refusalInterval is how often a refusal is logged, so that an attacker cannot fill the
// disk.
const refusalInterval = time.Second

// refusalLog logs refused calls. It is safe for concurrent use.
type refusalLog struct {
	log *slog.Logger

	mu       sync.Mutex
	last     time.Time
	unlogged int
}

// add logs a refusal, unless another was logged less than refusalInterval ago. told: the caller is told
// of err; any other error is a failure of the server.
func (r *refusalLog) add(ctx context.Context, now time.Time, method, address string, err error, told bool) {
	r.mu.Lock()
	if passed := now.Sub(r.last); passed >= 0 && passed < refusalInterval {
		r.unlogged++
		r.mu.Unlock()
		return
	}
	unlogged := r.unlogged
	r.last, r.unlogged = now, 0
	r.mu.Unlock()

	level, reason := slog.LevelWarn, err
	if refusal, ok := errors.AsType[*authn.Refusal](err); ok && refusal.Reason != nil {
		reason = refusal.Reason
	} else if !told {
		level = slog.LevelError
	}
	attributes := []any{"operation", method, "peer", address, "reason", reason.Error()}
	if unlogged > 0 {
		attributes = append(attributes, "unlogged", unlogged)
	}
	r.log.Log(ctx, level, "call refused", attributes...)
}
