package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/cmd/tranship/internal/scrub"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
)

// scrubFlags are the flags of serve for the verification of files in the background.
type scrubFlags struct {
	every     time.Duration
	bandwidth byteSize
}

func (f *scrubFlags) add(cmd *cobra.Command) {
	f.bandwidth = scrub.DefaultBandwidth
	flags := cmd.Flags()
	flags.Var(span(&f.every, 0), "verify-every", "how often all stored files are read again in the background and compared with their checksums, such as 30d; 0 means never")
	flags.Var(&f.bandwidth, "verify-bandwidth", "`size` that is read in a second for --verify-every at most")
}

// leastVerifyEvery is the least value of --verify-every but 0.
const leastVerifyEvery = time.Minute

func (f *scrubFlags) validate() error {
	var m usage.Mistakes
	m.If(f.every != 0 && f.every < leastVerifyEvery, "verify-every", "--verify-every %v: it must be 0 or at least %v", f.every, leastVerifyEvery)
	m.If(f.bandwidth < 1, "verify-bandwidth", "--verify-bandwidth 0: it must be more than 0")
	return m.Err()
}
