package main

import (
	"fmt"
	"log/slog"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/scrub"
	"github.com/tranship/tranship/store/disk"
)

// start begins to verify the files of a store in the background. It returns nil without
// --verify-every.
func (f *scrubFlags) start(store tranship.Store, logger *slog.Logger) (*scrub.Scrub, error) {
	if f.every == 0 {
		return nil, nil
	}
	state, ok := tranship.As[tranship.StateStore](store)
	if !ok {
		return nil, fmt.Errorf("--verify-every: %w: the store cannot keep how far the verification is", tranship.ErrUnsupported)
	}
	return scrub.Start(scrub.Options{Store: store, State: state, Every: f.every, BytesPerSecond: int64(f.bandwidth), Logger: logger}), nil
}

// storeWarnings returns the function that tells operators what is wrong with the stored files,
// although the server is healthy. scrubbing may be nil.
func storeWarnings(store tranship.Store, scrubbing *scrub.Scrub) func() []string {
	return func() (warnings []string) {
		if onDisk, ok := store.(*disk.Store); ok && onDisk.LostAttributes() {
			warnings = append(warnings, "the root has lost its extended attributes, and with them the checksums, metadata and owners of its files")
		}
		if scrubbing == nil {
			return warnings
		}
		stats := scrubbing.Stats()
		if n := stats.Mismatched(); n > 0 {
			warnings = append(warnings, fmt.Sprintf("%d stored files do not match their checksums", n))
		}
		if n := stats.Unreadable(); n > 0 {
			warnings = append(warnings, fmt.Sprintf("%d stored files cannot be read", n))
		}
		return warnings
	}
}
