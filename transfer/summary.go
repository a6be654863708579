package transfer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/localerr"
)

// Summary counts what Upload or Download did.
type Summary struct {
	// Files are those that are where they should be: copied, or skipped because they
	// were there already. Bytes is the size of all of them.
	Files, Bytes int64
	// SentBytes of Bytes were moved by this call. The others were at the destination,
	// from an earlier call that was cut, or because their file was skipped.
	SentBytes int64
	// Skipped are the files that were left as they are, as Update asks for.
	Skipped int64
	// EmptyDirectories are those of the source, which a store does not have.
	EmptyDirectories int64
}

// add counts a file that is where it should be.
func (s *Summary) add(result Result) {
	if result.Err != nil {
		return
	}
	s.Files++
	s.Bytes += result.Size
	s.SentBytes += result.SentBytes
	if result.Attempts == 0 {
		s.Skipped++
	}
}

// copyTree copies items and counts them. The names of their sources are below local, if
// that is not empty.
func copyTree(ctx context.Context, destination tranship.Writer, items iter.Seq2[Item, error], local string, options Options) (Summary, error) {
	var summary Summary
	report := options.Report
	options.Report = func(result Result) {
		summary.add(result)
		if report != nil {
			report(result)
		}
	}
	err := Copy(ctx, destination, func(yield func(Item, error) bool) {
		for item, err := range items {
			if errors.Is(err, localerr.ErrEmptyDirectory) {
				summary.EmptyDirectories++
				continue
			}
			if local != "" && item.name() != "" { // otherwise it ends the copy
				item.Name = filepath.Join(local, filepath.FromSlash(item.SourcePath))
			}
			if !yield(item, err) {
				return
			}
		}
	}, options)
	return summary, err
}

// oneItem is a sequence of one item.
func oneItem(item Item) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) { yield(item, nil) }
}

// checkUpdate fails if two options say what is skipped.
func (o Options) checkUpdate(update bool) error {
	if update && o.Existing != nil {
		return &tranship.InvalidError{Field: "update", Rule: "update and existing must not both be set"}
	}
	return nil
}

// named adds what was copied to an error that does not name it.
func named(what, name string, err error) error {
	if _, names := errors.AsType[*FailedError](err); names || err == nil {
		return err
	}
	return fmt.Errorf("%s %s: %w", what, name, err)
}
