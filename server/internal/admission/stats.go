package admission

// Stats is what a Door has admitted and has not ended.
type Stats struct {
	// Connections and Calls are how many are under way.
	Connections, Calls int
	// Streams is the number of calls that have a place in memory, and MaxStreams is how many
	// may have one. Calls that take less than others count for their part.
	Streams, MaxStreams int64
	// Draining says that Drain was called.
	Draining bool
}

// Stats returns what the Door has at the moment.
func (d *Door) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	stats := Stats{
		Connections: d.all, Streams: d.memory.underWay(), MaxStreams: d.memory.capacity,
		Draining: d.Refusing() != nil,
	}
	for _, calls := range d.calls {
		stats.Calls += calls
	}
	return stats
}

// Refusing returns why the Door admits no calls that begin now; nil as long as Drain was not
// called. The error matches tranship.ErrUnavailable.
func (d *Door) Refusing() error {
	select {
	case <-d.draining:
		return errDraining
	default:
		return nil
	}
}
