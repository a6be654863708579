package server

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/tranship/tranship"
)

const (
	// laneInstanceKey has the instance id of lanes in the state of a store.
	laneInstanceKey = "servers/lane-instance"
	// laneInstanceTime is how long the store may take to tell it.
	laneInstanceTime = 10 * time.Second
)

// laneInstance returns the id by which clients recognize that a lane leads to the server that they
// reach over gRPC. All servers over one store have the same id if each can write to the uploads of
// the others, so that it does not matter which of them answers. Otherwise the id is the server's
// own.
func (s *Server) laneInstance(ctx context.Context) string {
	state, shares := tranship.As[tranship.StateStore](s.config.Store)
	_, joins := tranship.As[tranship.UploadJoiner](s.config.Store)
	if !shares || !joins {
		return rand.Text()
	}
	ctx, cancel := context.WithTimeout(ctx, laneInstanceTime)
	defer cancel()
	id, err := sharedInstance(ctx, state)
	if err != nil {
		s.config.Logger.Warn("the servers over this store do not share their lanes: clients use lanes only if all their connections reach one server", "error", err)
		return rand.Text()
	}
	return id
}

// sharedInstance returns the id that is in the state of a store. The first server makes it.
func sharedInstance(ctx context.Context, state tranship.StateStore) (string, error) {
	for {
		entry, err := state.GetState(ctx, laneInstanceKey)
		if err == nil {
			return string(entry.Value), checkInstance(entry.Value)
		}
		if !errors.Is(err, tranship.ErrNotFound) {
			return "", err
		}
		id := rand.Text()
		_, err = state.SwapState(ctx, tranship.StateEntry{Key: laneInstanceKey, Value: []byte(id)})
		if !errors.Is(err, tranship.ErrPrecondition) {
			return id, err
		}
	}
}

// checkInstance fails for an id that sharedInstance has not made.
func checkInstance(id []byte) error {
	if len(id) != len(rand.Text()) {
		return errors.New("the state of the store has another instance id than a server makes")
	}
	return nil
}
