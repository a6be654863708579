package admission

import (
	"cmp"
	"slices"
	"time"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/server/internal/caller"
)

// sighting is the latest call of a principal, which began at a time.
type sighting struct {
	principal access.Principal
	at        time.Time
}

// Seen is a principal that has called.
type Seen struct {
	// Principal is the principal as its latest call was authenticated.
	Principal access.Principal
	// At is when its latest call began.
	At time.Time
	// Calls is the number of its calls under way.
	Calls int
}

// Principals returns the principals that have called, in ascending bytewise order of their names.
// The Door remembers the 16,384 that have called last.
func (d *Door) Principals() []Seen {
	seen := d.principals.seen()
	d.mu.Lock()
	for i, one := range seen {
		seen[i].Calls = d.principalCalls[caller.Principal(one.Principal.Name)]
	}
	d.mu.Unlock()
	slices.SortFunc(seen, func(a, b Seen) int { return cmp.Compare(a.Principal.Name, b.Principal.Name) })
	return seen
}

// seen returns the clients that are principals and have called, in no particular order.
func (c *clients) seen() []Seen {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]Seen, 0, c.recent.Len())
	for element := c.recent.Front(); element != nil; element = element.Next() {
		if last := element.Value.(*client).seen.Load(); last != nil {
			all = append(all, Seen{Principal: last.principal, At: last.at})
		}
	}
	return all
}
