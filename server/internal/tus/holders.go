package tus

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/server/internal/httpadmission"
)

// holdTime is how long a request waits for the end of an earlier one of the same upload.
const holdTime = 30 * time.Second

// holders are the requests that have an upload for themselves. A newer request of an upload
// interrupts an older one: a client that has lost its connection continues before the server has
// noticed the loss. Requests of different callers do not meet: an upload belongs to one of them, and
// the others must not interrupt it. The zero value is ready to use. It is safe for concurrent use.
type holders struct {
	mu   sync.Mutex
	held map[holding]*holder
}

// holding is an upload, and the caller of a request for it.
type holding struct{ owner, link, id string }

// holder is a request that has an upload.
type holder struct {
	over chan struct{}

	mu sync.Mutex
	// interrupt makes the request end soon; nil once it has ended.
	interrupt func()
	// interrupted: a newer request wants the upload.
	interrupted bool
}

// acquire waits until a request of the caller of ctx has the upload with an id, and interrupts those
// that have it before.
// interrupt is called at most once, before release returns.
func (h *holders) acquire(ctx context.Context, id string, interrupt func()) (own *holder, release func(), err error) {
	key := holding{access.FromContext(ctx).Name, linkOf(ctx), id}
	ctx, cancel := context.WithTimeout(ctx, holdTime)
	defer cancel()
	own = &holder{over: make(chan struct{}), interrupt: interrupt}
	for {
		other := h.add(key, own)
		if other == nil {
			return own, func() { h.release(key, own) }, nil
		}
		other.stop()
		select {
		case <-other.over:
		case <-ctx.Done():
			err := fmt.Errorf("%w: another request of the upload is still under way", tranship.ErrUnavailable)
			return nil, nil, httpadmission.WithStatus(err, http.StatusLocked)
		}
	}
}

// add makes own the holder of an upload. If the upload has one, add returns that one.
func (h *holders) add(key holding, own *holder) (other *holder) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if other := h.held[key]; other != nil {
		return other
	}
	if h.held == nil {
		h.held = map[holding]*holder{}
	}
	h.held[key] = own
	return nil
}

func (h *holders) release(key holding, own *holder) {
	own.mu.Lock()
	own.interrupt = nil
	own.mu.Unlock()
	h.mu.Lock()
	delete(h.held, key)
	h.mu.Unlock()
	close(own.over)
}

// stop interrupts the request.
func (o *holder) stop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.interrupt != nil && !o.interrupted {
		o.interrupted = true
		o.interrupt()
	}
}

// ended is reason for the errors of a request whose context has ended.
func (o *holder) ended(err error) error {
	if errors.Is(err, context.Canceled) {
		return o.reason(err)
	}
	return err
}

// reason returns why a request has ended with err: because a newer one has the upload, or err.
func (o *holder) reason(err error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil && o.interrupted {
		return fmt.Errorf("%w: a newer request continues the upload", tranship.ErrAborted)
	}
	return err
}
