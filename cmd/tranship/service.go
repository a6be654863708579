package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/tranship/tranship/server"
)

// runService serves until the context ends, and then until the transfers under way have
// finished, for at most drainTimeout. A second signal stops it at once. It takes ownership
// of the listener. It calls reload for each value of reloads.
func runService(ctx context.Context, service *server.Server, listeners []net.Listener, drainTimeout time.Duration, ready *readyFile, reloads <-chan os.Signal, reload func()) (err error) {
	// The signals are caught until the ready file is removed: the default action of one that
	// comes in between would leave the file.
	early := ctx.Err() != nil
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, stopSignals()...)
	defer signal.Stop(signals)
	if err := ready.write(listeners[0].Addr().String()); err != nil {
		return errors.Join(err, closeAll(listeners))
	}
	defer func() { err = errors.Join(err, ready.remove()) }()
	if err := notifyManager(daemon.SdNotifyReady); err != nil {
		return errors.Join(err, closeAll(listeners))
	}
	served := make(chan struct{})
	unwatched := context.AfterFunc(ctx, func() {
		// A service manager that is gone by now must not keep the server from its end.
		_ = notifyManager(daemon.SdNotifyStopping)
		if isSignal(ctx) && !early {
			<-signals // the one that ended the context does not count as the second one
		}
		stopOnNextSignal(service, signals, served)
	})
	defer unwatched()
	var reloading sync.WaitGroup
	defer reloading.Wait()
	defer close(served)
	reloading.Go(func() { reloadOnSignals(reloads, reload, served) })
	switch err := service.Serve(ctx, listeners...); {
	case errors.Is(err, server.ErrDrainTimeout):
		return fmt.Errorf("stopped with transfers under way that did not finish in %v", drainTimeout)
	case errors.Is(err, server.ErrStopped):
		return errors.New("stopped at once by a second signal")
	default:
		return err
	}
}

// closeAll closes listeners that are not served.
func closeAll(listeners []net.Listener) (err error) {
	for _, listener := range listeners {
		err = errors.Join(err, listener.Close())
	}
	return err
}

// reloadOnSignals calls reload at each signal, and tells the service manager. It returns when served
// is closed.
func reloadOnSignals(reloads <-chan os.Signal, reload func(), served <-chan struct{}) {
	for {
		select {
		case <-reloads:
			notifyReload(reload)
		case <-served:
			return
		}
	}
}

// isSignal reports whether a signal has ended a context of signal.NotifyContext.
func isSignal(ctx context.Context) bool {
	return context.Cause(ctx) != context.Canceled //nolint:errorlint // a signal matches it, too
}

// stopOnNextSignal stops the service at the next signal. It returns when served is closed.
func stopOnNextSignal(service *server.Server, again <-chan os.Signal, served <-chan struct{}) {
	select {
	case <-again:
		service.Stop()
	case <-served:
	}
}
