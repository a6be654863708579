package hook

import (
	"context"
	"errors"
	"time"

	"github.com/tranship/tranship"
)

// aliveKey returns the key of the value that shows that a server runs.
func aliveKey(server string) string { return "hook-servers/" + server }

// showAlive shows other servers for another LeaseTime that this one runs.
func (h *Hooks) showAlive(ctx context.Context) error {
	if h.options.Exclusive {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, stateTime)
	defer cancel()
	entry := tranship.StateEntry{Key: aliveKey(h.server), Version: h.alive, Expires: time.Now().Add(h.options.LeaseTime)}
	version, err := h.state.SwapState(ctx, entry)
	if errors.Is(err, tranship.ErrPrecondition) { // it has expired
		h.alive, entry.Version = "", ""
		version, err = h.state.SwapState(ctx, entry)
	}
	if err == nil {
		h.alive = version
	}
	return err
}

// keepAlive calls showAlive until the hooks are closed.
func (h *Hooks) keepAlive() {
	ticker := time.NewTicker(h.options.LeaseTime / 3)
	defer ticker.Stop()
	for {
		select {
		case <-h.ctx.Done():
			return
		case <-ticker.C:
		}
		if err := h.showAlive(h.ctx); err != nil && h.ctx.Err() == nil {
			h.options.Logger.Warn("the state of the store cannot be written: other servers may take this one for dead", "error", err)
		}
	}
}

// isAlive reports whether another server may run.
func (h *Hooks) isAlive(ctx context.Context, server string) (bool, error) {
	if h.options.Exclusive {
		return false, nil
	}
	_, err := h.state.GetState(ctx, aliveKey(server))
	if errors.Is(err, tranship.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
