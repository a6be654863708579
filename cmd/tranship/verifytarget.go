package main

import (
	"context"
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/cmd/tranship/internal/console"
	"github.com/tranship/tranship/cmd/tranship/internal/copycmd"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/internal/budget"
	"github.com/tranship/tranship/internal/verification"
	"github.com/tranship/tranship/store/disk"
)

// verifyTarget is what a location of verify stands for.
type verifyTarget struct {
	store tranship.Reader
	check verification.Check
	// directory is the directory to verify; file is the path of a single file instead, or "".
	directory, file string
	// arg is what the user wrote, and at returns the name of a path for messages.
	arg string
	at  func(path string) string
	// lost is set for a directory that was copied without its extended attributes.
	lost  bool
	close func() error
}

// explain returns an error of the target as a whole.
func (t *verifyTarget) explain(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", t.arg, err)
}

// verifyTarget opens what a location stands for. The caller must call close.
func (g *globals) verifyTarget(ctx context.Context, connections *connections, p location.Location, flags *verifyFlags) (*verifyTarget, error) {
	var target *verifyTarget
	var err error
	if p.Kind == location.Local {
		target, err = localTarget(p, flags)
	} else {
		target, err = g.remoteTarget(ctx, connections, p, flags)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Arg, err)
	}
	target.arg = p.Arg
	return target, nil
}

// localTarget is verifyTarget for a directory or file of this machine.
func localTarget(p location.Location, flags *verifyFlags) (*verifyTarget, error) {
	found, err := location.FindLocal(p.Path)
	if err != nil {
		return nil, copycmd.LocalError(err)
	}
	directory := p.Path
	switch {
	case found.Info == nil:
		return nil, tranship.ErrNotFound
	case !found.Info.IsDir():
		directory = found.Directory
	}
	files, err := disk.OpenFiles(directory)
	if err != nil {
		return nil, copycmd.LocalError(err)
	}
	return &verifyTarget{
		store: files, check: verification.Reading(files, int64(flags.bandwidth)), file: found.Name,
		at:   func(path string) string { return location.JoinLocal(directory, path) },
		lost: files.LostAttributes(), close: files.Close,
	}, nil
}

// remoteTarget is verifyTarget for a location on a server or in a bucket.
func (g *globals) remoteTarget(ctx context.Context, connections *connections, p location.Location, flags *verifyFlags) (*verifyTarget, error) {
	store, err := connections.Store(ctx, p.Server)
	if err != nil {
		return nil, err
	}
	target := &verifyTarget{store: store, at: p.Server.At, directory: p.Path, close: func() error { return nil }}
	if p.Path != "" {
		_, isDirectory, err := copycmd.Lookup(ctx, store, p)
		if err != nil {
			return nil, console.Pathless(err, p.Path)
		}
		if !isDirectory {
			target.directory, target.file = "", p.Path
		}
	}
	if native := connections.natives[p.Server]; native != nil {
		target.check = g.checkAt(p.Server, native, client.VerifyOptions{BytesPerSecond: share(int64(flags.bandwidth), flags.parallel)})
	} else {
		target.check = verification.Reading(store, int64(flags.bandwidth))
	}
	return target, nil
}

// share returns the part of a rate that each of several calls may have, at least 1; 0 for no
// bound.
func share(rate int64, calls int) int64 {
	if rate == 0 {
		return 0
	}
	return max(rate/int64(calls), 1)
}

// checkAt returns the check that makes a server read its files. It repeats a call that fails
// because the server cannot be reached.
func (g *globals) checkAt(server location.Server, native *client.Client, options client.VerifyOptions) verification.Check {
	outage := budget.NewOutage(budget.DefaultPatience)
	return func(ctx context.Context, path string) (tranship.File, error) {
		tries := budget.Budget{}.Begin(outage)
		for {
			tries.Attempt()
			file, err := native.VerifyFile(ctx, path, options)
			if err == nil {
				tries.Progress()
				return file, nil
			}
			pause, final := tries.Failed(ctx, err)
			if final == nil {
				g.NotifyRetry(server.At(path), pause, err)
				final = budget.Sleep(ctx, pause)
			}
			if final != nil {
				return tranship.File{}, final
			}
		}
	}
}
