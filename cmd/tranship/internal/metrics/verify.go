package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tranship/tranship/cmd/tranship/internal/scrub"
)

// verifyGauge is a gauge of the verification of stored files.
type verifyGauge struct {
	desc  *prometheus.Desc
	value func(known scrub.Stats) float64
}

func newVerifyGauges(desc func(name, help string, labels ...string) *prometheus.Desc) []verifyGauge {
	return []verifyGauge{
		{desc("tranship_verify_running", "1 while this server verifies the stored files."), func(s scrub.Stats) float64 { return number(s.Running) }},
		{desc("tranship_verify_files", "Files that the pass under way, or else the latest one, has read."), func(s scrub.Stats) float64 { return float64(s.Current.Files) }},
		{desc("tranship_verify_bytes", "Bytes that the pass under way, or else the latest one, has read."), func(s scrub.Stats) float64 { return float64(s.Current.Bytes) }},
		{desc("tranship_verify_mismatched_files", "Stored files that do not match their checksums."), func(s scrub.Stats) float64 { return float64(s.Mismatched()) }},
		{desc("tranship_verify_unreadable_files", "Stored files that cannot be read."), func(s scrub.Stats) float64 { return float64(s.Unreadable()) }},
		{desc("tranship_verify_unchecked_files", "Stored files without a checksum."), func(s scrub.Stats) float64 {
			return float64(max(s.Current.NoChecksum, s.Latest.NoChecksum))
		}},
		{desc("tranship_verify_finished_timestamp_seconds", "When the latest pass has ended; 0 if none has."), func(s scrub.Stats) float64 {
			if s.Finished.IsZero() {
				return 0
			}
			return float64(s.Finished.Unix())
		}},
	}
}
