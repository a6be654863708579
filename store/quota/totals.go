package quota

// Totals is what counts for all principals together.
type Totals struct {
	Usage
	// Principals is the number of principals that have something, anonymous callers being one.
	Principals int
	// FullestBytes, FullestFiles and FullestUploads are the largest share of the limit that one
	// principal has, reservations included: 0.5 is half of the limit. It can exceed 1, because
	// limits may have been lowered. It is 0 without a limit.
	FullestBytes, FullestFiles, FullestUploads float64
}

// Totals returns what counts for all principals together. Bytes and files, also the reserved
// ones, are 0 unless a limit of either requires counting. It takes time in proportion to the
// number of principals. With Options.Shared they have only what this server has not reported to
// the others yet.
func (s *Store) Totals() Totals { return s.ledger.totals() }

func (l *ledger) totals() Totals {
	l.mu.Lock()
	defer l.mu.Unlock()
	totals := Totals{Principals: len(l.accounts)}
	for name, has := range l.accounts {
		most := l.options.limitsFor(l.terms[name])
		totals.Bytes += has.Bytes
		totals.Files += has.Files
		totals.ReservedBytes += has.ReservedBytes
		totals.ReservedFiles += has.ReservedFiles
		totals.Uploads += has.Uploads
		totals.FullestBytes = max(totals.FullestBytes, share(has.Bytes+has.ReservedBytes, most.Bytes))
		totals.FullestFiles = max(totals.FullestFiles, share(has.Files+has.ReservedFiles, most.Files))
		totals.FullestUploads = max(totals.FullestUploads, share(int64(has.Uploads), int64(most.Uploads)))
	}
	return totals
}

// share returns the share of a limit, and 0 if there is none.
func share(used, limit int64) float64 {
	if limit <= 0 {
		return 0
	}
	return float64(used) / float64(limit)
}
