package hook

import "time"

// Stats are what happened with one hook since Open.
type Stats struct {
	// Name is the name of the hook.
	Name string
	// Agreed, Refused and Unanswered are questions by their outcome. Passed are those of
	// Unanswered after which the file became visible nevertheless.
	Agreed, Refused, Unanswered, Passed int64
	// Delivered and Rejected are events. Failed are deliveries that are tried again. Damaged are
	// records of the outbox that cannot be read and were removed.
	Delivered, Rejected, Failed, Damaged int64
	// Waiting is how many records wait in the outbox, 1,000 for more, and Oldest is the time of
	// the oldest; the zero time for none. They are those of the latest look of this server: of
	// several servers, the one that delivers.
	Waiting int64
	Oldest  time.Time
}

// Stats returns what happened with each hook, in their order.
func (h *Hooks) Stats() []Stats {
	if h == nil {
		return nil
	}
	all := make([]Stats, 0, len(h.targets))
	for _, t := range h.targets {
		c := &t.counts
		stats := Stats{
			Name: t.Name, Agreed: c.agreed.Load(), Refused: c.refused.Load(), Unanswered: c.unanswered.Load(), Passed: c.passed.Load(),
			Delivered: c.delivered.Load(), Rejected: c.rejected.Load(), Failed: c.failed.Load(), Damaged: c.damaged.Load(), Waiting: c.waiting.Load(),
		}
		if oldest := c.oldest.Load(); oldest != 0 {
			stats.Oldest = time.Unix(0, oldest).UTC()
		}
		all = append(all, stats)
	}
	return all
}
