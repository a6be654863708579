package main

import (
	"log/slog"
	"slices"

	"github.com/tranship/tranship/cmd/tranship/internal/config"
	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/server"
)

// reloader replaces the settings of a running server by those that its file and its command
// line have now. Only one goroutine calls it.
type reloader struct {
	// arguments is the command line.
	arguments []string
	// flags and settings are what the server runs with.
	flags    *serveFlags
	settings *config.Settings
	level    *slog.LevelVar
	log      *slog.Logger
	// service is set once the server exists.
	service *server.Server
}

// reload reads the file again, and puts in force what can change while the server runs. The log
// tells what has changed, and what needs a restart. If there is a mistake in the file, or in a
// file that it names, reload changes nothing.
func (r *reloader) reload() {
	flags, settings, err := r.load()
	if err == nil {
		err = r.apply(flags)
	}
	if err != nil {
		var mistakes usage.Mistakes
		mistakes.Add(err)
		for _, mistake := range mistakes {
			r.log.Error("the configuration cannot be used: nothing has changed", "error", mistake)
		}
		return
	}
	changes := settings.Changes(r.settings)
	for _, change := range changes {
		attributes := []any{"key", change.Key, "before", config.Value(change.Before), "now", config.Value(change.Texts), "source", change.Origin.String()}
		if change.Live {
			r.log.Info("a setting has changed", attributes...)
		} else {
			r.log.Warn("a setting cannot change without a restart: the value before stays in force", attributes...)
		}
	}
	r.settings = settings.Keep(r.settings)
	r.log.Info("the configuration was read again", "file", settings.Name(), "changes", len(changes))
}

// load returns the flags and settings that the server would have if it started now.
func (r *reloader) load() (*serveFlags, *config.Settings, error) {
	g := &globals{Console: console.Console{}}
	cmd, arguments, err := newRoot(g).Find(r.arguments)
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.ParseFlags(arguments); err != nil {
		return nil, nil, err
	}
	flags, settings, err := g.loadServer(cmd)
	if settings == nil {
		return nil, nil, err
	}
	var mistakes usage.Mistakes
	mistakes.Add(err, settings.Locate(flags.checkReloaded()))
	return flags, settings, config.Sort(mistakes).Err()
}

// apply puts in force what can change of flags.
func (r *reloader) apply(flags *serveFlags) error {
	limits := r.flags.limits.live(flags.limits)
	err := r.service.Reconfigure(server.Dynamic{Limits: limits.limits(), Quota: limits.quotas(r.flags.store.enabled())})
	if err != nil {
		return serveFlagError(err)
	}
	flags.setLevel(r.level)
	return nil
}

// serves reports whether a command line runs a server, for which SIGHUP has another meaning.
func serves(arguments []string) bool {
	if !slices.Contains(arguments, serveName) {
		return false
	}
	cmd, _, err := newRoot(&globals{}).Find(arguments)
	return err == nil && cmd.Name() == serveName
}
