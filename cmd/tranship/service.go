package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/tranship/tranship/cmd/tranship/internal/copycmd"
	"github.com/tranship/tranship/server"
)

// runService serves until the context ends, and then until the transfers under way have
// finished, for at most drainTimeout. A second signal stops it at once. It takes ownership
// of the listener.
func runService(ctx context.Context, service *server.Server, listener net.Listener, drainTimeout time.Duration, readyFile string) (err error) {
	if readyFile != "" {
		if err := writeReady(readyFile, listener.Addr().String()); err != nil {
			return errors.Join(fmt.Errorf("--ready-file %s: %w", readyFile, copycmd.LocalError(err)), listener.Close())
		}
		defer func() { err = errors.Join(err, os.Remove(readyFile)) }()
	}
	served := make(chan struct{})
	// Watching begins when the context ends, so that the signal that ended it does not count
	// as the second one.
	unwatched := context.AfterFunc(ctx, func() {
		again := make(chan os.Signal, 1)
		signal.Notify(again, os.Interrupt, syscall.SIGTERM)
		defer signal.Stop(again)
		stopOnNextSignal(service, again, served)
	})
	defer unwatched()
	defer close(served)
	switch err := service.Serve(ctx, listener); {
	case errors.Is(err, server.ErrDrainTimeout):
		return fmt.Errorf("stopped with transfers under way that did not finish in %v", drainTimeout)
	case errors.Is(err, server.ErrStopped):
		return errors.New("stopped at once by a second signal")
	default:
		return err
	}
}

// stopOnNextSignal stops the service at the next signal. It returns when served is closed.
func stopOnNextSignal(service *server.Server, again <-chan os.Signal, served <-chan struct{}) {
	select {
	case <-again:
		service.Stop()
	case <-served:
	}
}

// writeReady writes the ready file under another name and renames it, so that a reader never
// sees half of it.
func writeReady(name, address string) error {
	temporary, err := os.CreateTemp(filepath.Dir(name), ".ready-*")
	if err != nil {
		return err
	}
	_, err = temporary.WriteString(address + "\n")
	err = errors.Join(err, temporary.Chmod(0o644), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), name)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
	}
	return err
}
