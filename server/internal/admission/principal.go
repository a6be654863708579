package admission

import (
	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/server/internal/limited"
)

// countPrincipal counts the call for the principal that makes it, unless it is one too many.
// Calls of anonymous callers count for their peers only.
func (c *Call) countPrincipal(of *client) error {
	p := access.FromContext(c.ctx)
	if p.IsAnonymous() {
		return nil
	}
	of.seen.Store(&sighting{p, c.door.clock.Now()})
	if err := c.door.countPrincipal(of); err != nil {
		return err
	}
	c.mu.Lock()
	ended := c.ended
	if !ended {
		c.counted = of.name
	}
	c.mu.Unlock()
	if ended {
		c.door.releasePrincipal(of.name)
	}
	return nil
}

// uncountPrincipal ends the counting of countPrincipal.
func (c *Call) uncountPrincipal() {
	c.mu.Lock()
	name := c.counted
	c.counted = ""
	c.mu.Unlock()
	if name != "" {
		c.door.releasePrincipal(name)
	}
}

// countPrincipal counts a call of a principal, unless it is one too many.
func (d *Door) countPrincipal(of *client) error {
	most := int(of.streams.Load())
	d.mu.Lock()
	defer d.mu.Unlock()
	if most > 0 && d.principalCalls[of.name] >= most {
		return limited.Refused(tranship.LimitStreamsPerPrincipal, "%s has %d calls under way, and may have no more: try again when some have ended", of.name, most)
	}
	d.principalCalls[of.name]++
	return nil
}

func (d *Door) releasePrincipal(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.principalCalls[name]--; d.principalCalls[name] == 0 {
		delete(d.principalCalls, name)
	}
}
