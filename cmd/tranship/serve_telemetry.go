package main

import (
	"cmp"
	"context"
	"log/slog"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/metrics"
	"github.com/tranship/tranship/cmd/tranship/internal/scrub"
	"github.com/tranship/tranship/cmd/tranship/internal/telemetry"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/store/disk"
)

// serverTelemetry starts the telemetry of a server, if the environment asks for it.
func serverTelemetry(ctx context.Context, logger *slog.Logger) *telemetry.Telemetry {
	return telemetry.Start(ctx, telemetry.Options{
		Version: softwareVersion(), Metrics: true, Retry: true, Wait: serverFlush,
		Warn: func(err error) { logger.Warn("telemetry", "error", err) },
	})
}

// observe makes a server tell of its calls and transfers: exports, and metrics for operators or
// for exports. It returns the metrics; nil if there are none.
func observe(config *server.Config, exports *telemetry.Telemetry, operators bool) *metrics.Metrics {
	config.Store = exports.Served(config.Store)
	config.Logger = exports.Logger(config.Logger)
	var observers telemetry.Observers
	if calls := exports.Calls(); calls != nil {
		config.CallContext = calls.Context
		observers = append(observers, calls)
	}
	var counted *metrics.Metrics
	if operators || exports.HasMetrics() {
		counted = metrics.New(config.Version)
		observers = append(observers, counted)
	}
	switch len(observers) {
	case 0:
	case 1:
		config.Observer = observers[0]
	default:
		config.Observer = observers
	}
	return counted
}

// watch adds the gauges of a server over a store to its metrics, which may be nil, and begins to
// export them.
func watch(counted *metrics.Metrics, exports *telemetry.Telemetry, service *server.Server, store tranship.Store, config server.Config, scrubbing *scrub.Scrub) {
	if counted == nil {
		return
	}
	source := metrics.Source{Stats: service.Stats, Health: service.Health, MemoryLimit: cmp.Or(config.MemoryLimit, server.DefaultMemoryLimit), Hooks: config.Hooks.Stats}
	if store, ok := store.(*disk.Store); ok {
		source.Space, source.LostAttributes = store.Space, store.LostAttributes
	}
	if scrubbing != nil {
		source.Verify = scrubbing.Stats
	}
	counted.Watch(source)
	exports.ExportMetrics(counted.Producer())
}
