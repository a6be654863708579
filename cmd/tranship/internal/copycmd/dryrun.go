package copycmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/internal/bytesize"
	"github.com/tranship/tranship/internal/printable"
	"github.com/tranship/tranship/store/localdir"
	"github.com/tranship/tranship/transfer"
)

// dryRun prints what Run would copy. It finds the targets as Run does, and writes nothing.
func (p *plan) dryRun(ctx context.Context, sources []location.Location) error {
	report := &reporter{console: p.console, target: p.target, dryRun: true}
	if dir, local := p.target.writer.(*localdir.Dir); local {
		p.target.stat = dir.Stat // Existing may write a temporary file
	}
	for item, err := range p.items(ctx, sources) {
		same := false
		if err == nil {
			same, err = p.check(ctx, item)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		result := transfer.Result{Source: item.Name, SourcePath: item.SourcePath, Path: item.Path, Size: item.File.Size, Err: err}
		if err != nil {
			result.Size = -1
		}
		if same {
			result.SkippedBytes = item.File.Size
		}
		if err := p.printPlanned(report, result, same); err != nil {
			return err
		}
	}
	for _, source := range p.batches {
		if p.unreachable[source.Server] {
			continue // already reported
		}
		_, err := p.servers.Conn(ctx, source.Server)
		if err != nil {
			p.markUnreachable(source.Server)
		}
		result := transfer.Result{Source: source.Arg, SourcePath: source.Path, Size: -1, Err: err}
		if err := p.printPlanned(report, result, false); err != nil {
			return err
		}
	}
	return nil
}

// check reports whether Run would skip an item, because the target has it already. It fails
// with what would make the copy fail, as far as that is known before.
func (p *plan) check(ctx context.Context, item transfer.Item) (same bool, err error) {
	switch source := item.Source.(type) {
	case localdir.File, *localdir.Dir:
		content, err := source.Open(ctx, item.SourcePath, tranship.OpenOptions{})
		if err != nil {
			return false, err
		}
		_ = content.Close() // which was only read
	}
	if same, isKnown := item.IsSame(); isKnown {
		return same, nil
	}
	if p.options.Update {
		existing, err := p.target.stat(ctx, item.Path)
		switch {
		case errors.Is(err, tranship.ErrNotFound):
			return false, nil
		case err != nil:
			return false, err
		}
		return transfer.SameWithin(item.File, existing, p.options.ModifyWindow), nil
	}
	if dir, local := p.target.writer.(*localdir.Dir); local {
		if _, err := dir.Stat(ctx, item.Path); errors.Is(err, tranship.ErrExists) {
			return false, err
		}
	}
	return false, nil
}

// printPlanned prints what would happen to a file.
func (p *plan) printPlanned(report *reporter, result transfer.Result, same bool) error {
	report.result(result)
	if result.Err != nil || p.console.JSON {
		return nil //nolint:nilerr // report has printed it
	}
	target := p.target.Location.Arg
	if result.Path != "" {
		target = p.target.show(result.Path)
		if p.target.Location.Kind == location.Remote {
			target = p.target.Location.Server.At(result.Path)
		}
	}
	text := fmt.Sprintf("would copy %s to %s", result.Source, target)
	switch {
	case same:
		text = fmt.Sprintf("would skip %s: %s has the same size and modified time", result.Source, target)
	case result.Size >= 0:
		text += fmt.Sprintf(" (%s)", bytesize.Text(float64(result.Size)))
	case result.Path == "":
		text = fmt.Sprintf("would copy what %s names to %s (files and sizes unknown)", result.Source, target)
	default:
		text += " (size unknown)"
	}
	_, err := fmt.Fprintln(p.console.Out, printable.Text(text))
	return err
}
