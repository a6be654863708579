// Package running has the transfers that run at a server, so that an administrator can see and
// cancel them.
package running

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/observation"
)

// ErrCancelled is why a transfer ends that an administrator has cancelled. It matches
// tranship.ErrAborted, so that clients do not begin the transfer again by themselves.
var ErrCancelled = fmt.Errorf("%w: an administrator of the server has cancelled the transfer", tranship.ErrAborted)

// Direction is the direction of a transfer.
type Direction int

// The directions of transfers.
const (
	// Upload is from the client to the server.
	Upload Direction = iota + 1
	// Download is from the server to the client.
	Download
)

// Subject is what a transfer moves.
type Subject struct {
	Direction Direction
	Path      string
	// Size is how many bytes there are to move; nil if that is not known.
	Size *int64
	// Upload is the id of the upload; "" for a download.
	Upload string
	// Moved returns how many bytes were moved. It is safe for concurrent use, also after the
	// transfer has ended. With nil, Add counts them.
	Moved func() int64
}

// Registry has the transfers that run. A nil *Registry has none. It is safe for concurrent use.
// It holds as much memory as the transfers that it has, whose number the limits of calls bound.
type Registry struct {
	// server begins the ids, so that an id of one server has no meaning at another.
	server string

	mu        sync.Mutex
	last      uint64
	transfers map[string]*Transfer
}

// NewRegistry returns a registry without transfers.
func NewRegistry() *Registry {
	return &Registry{server: rand.Text()[:6], transfers: make(map[string]*Transfer)}
}

// Transfer is a transfer that runs. A nil *Transfer does nothing. It is safe for concurrent use.
type Transfer struct {
	Subject
	// ID identifies the transfer.
	ID string
	// Principal, Peer and Transport are those of the call.
	Principal access.Principal
	Peer      string
	Transport string
	// Start is when the transfer began.
	Start time.Time

	registry *Registry
	sequence uint64
	ctx      context.Context
	cancel   context.CancelCauseFunc
	added    atomic.Int64
}

// Begin adds a transfer of the call with a context. It returns a context that ends when the
// transfer is cancelled, or ends; its cause is ErrCancelled if it was cancelled. The caller must
// call End.
func (r *Registry) Begin(ctx context.Context, subject Subject) (context.Context, *Transfer) {
	if r == nil {
		return ctx, nil
	}
	t := &Transfer{
		Subject: subject, Principal: access.FromContext(ctx), Transport: observation.Transport(ctx),
		Start: time.Now(), registry: r,
	}
	if address := access.PeerFromContext(ctx); address != nil {
		t.Peer = address.String()
	}
	ctx, t.cancel = context.WithCancelCause(ctx)
	t.ctx = ctx
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	t.sequence, t.ID = r.last, fmt.Sprintf("%s-%d", r.server, r.last)
	r.transfers[t.ID] = t
	return ctx, t
}

// Add counts bytes that were moved.
func (t *Transfer) Add(n int64) {
	if t != nil {
		t.added.Add(n)
	}
}

// End removes the transfer.
func (t *Transfer) End() {
	if t == nil {
		return
	}
	t.registry.mu.Lock()
	delete(t.registry.transfers, t.ID)
	t.registry.mu.Unlock()
	t.cancel(nil)
}

// Cause returns why the transfer has ended: ErrCancelled, the cause of the end of its call, or
// context.Canceled after End. It returns nil while the transfer runs.
func (t *Transfer) Cause() error { return context.Cause(t.ctx) }

// Bytes returns how many bytes were moved.
func (t *Transfer) Bytes() int64 {
	if t.Moved != nil {
		return t.Moved()
	}
	return t.added.Load()
}

// Transfers returns the transfers that run, in the order in which they began.
func (r *Registry) Transfers() []*Transfer {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	all := make([]*Transfer, 0, len(r.transfers))
	for _, t := range r.transfers {
		all = append(all, t)
	}
	r.mu.Unlock()
	slices.SortFunc(all, func(a, b *Transfer) int { return cmp.Compare(a.sequence, b.sequence) })
	return all
}

// Cancel cancels the transfer with an id, and returns it. It fails with tranship.ErrNotFound if
// none with the id runs. It does not wait for the end of the transfer.
func (r *Registry) Cancel(id string) (*Transfer, error) {
	if r != nil {
		r.mu.Lock()
		found := r.transfers[id]
		r.mu.Unlock()
		if found != nil {
			found.cancel(ErrCancelled)
			return found, nil
		}
	}
	return nil, fmt.Errorf("%w: no transfer with the id %s runs at this server", tranship.ErrNotFound, id)
}

// Reason returns ErrCancelled if the context of a transfer ended because the transfer was
// cancelled, and otherwise err.
func Reason(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), ErrCancelled) {
		return ErrCancelled
	}
	return err
}
