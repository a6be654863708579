package admission

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tranship/tranship"
)

// drainGrace is how long a call may wait for its first message once the Door drains. It
// covers a message that is on its way.
const drainGrace = time.Second

var errDraining = fmt.Errorf("%w: the server is shutting down", tranship.ErrUnavailable)

// Drain ends the calls that carry no work, with an error that matches
// tranship.ErrUnavailable: those of Stream.Idle at once, and those whose client owes the
// first message when it has not arrived after a second. All other calls continue. Further calls
// of Drain do nothing.
func (d *Door) Drain() {
	d.drainOnce.Do(func() {
		close(d.draining)
		d.clock.AfterFunc(drainGrace, func() { close(d.overdue) })
	})
}

// UnderWay returns the calls whose handlers run, for logs: for each method its name and
// number of calls, such as "/tranship.v1.FileService/Upload: 2", sorted.
func (d *Door) UnderWay() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	names := make([]string, 0, len(d.handling))
	for _, method := range slices.Sorted(maps.Keys(d.handling)) {
		names = append(names, fmt.Sprintf("%s: %d", method, d.handling[method]))
	}
	return names
}

// countHandler adds n, 1 or -1, to the handlers of a method that run.
func (d *Door) countHandler(method string, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.handling[method] += n; d.handling[method] == 0 {
		delete(d.handling, method)
	}
}

// idleDrain is closed when a call of Stream.Idle must end; nil for other calls.
func (c *Call) idleDrain(stream Stream) <-chan struct{} {
	if stream.Idle {
		return c.door.draining
	}
	return nil
}

// owesFirst reports whether the client still owes the first message.
func (c *Call) owesFirst(stream Stream) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return stream.Owes && !c.arrived
}
