package admission

import (
	"container/list"
	"context"
	"sync"

	"golang.org/x/time/rate"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/server/internal/caller"
)

// rememberedClients bounds the principals whose last seconds a Door remembers, and the
// peers as well: about 7 MiB each.
const rememberedClients = 1 << 14

// client is what a Door remembers of a principal or a peer. A limiter is nil where
// nothing is limited.
type client struct {
	name string
	// begins bounds the calls that a peer begins, and calls those that a caller makes.
	begins, calls *rate.Limiter
	bandwidth     *rate.Limiter
}

func (d *Door) newClient(name string) *client {
	c := &client{name: name, bandwidth: newBandwidth(d.limits.BandwidthPerPrincipal)}
	if n := d.limits.StreamsPerSecond; n > 0 {
		c.begins = rate.NewLimiter(rate.Limit(n), 2*n)
	}
	if n := d.limits.CallsPerSecond; n > 0 {
		c.calls = rate.NewLimiter(rate.Limit(n), d.limits.CallsBurst)
	}
	return c
}

// client returns what the Door remembers of the caller of ctx.
func (d *Door) client(ctx context.Context) *client {
	name := caller.Name(ctx)
	if access.FromContext(ctx).IsAnonymous() {
		return d.peers.get(name)
	}
	return d.principals.get(name)
}

// clients are the clients seen last. Their number is bounded: a client that returns
// after so many others begins afresh.
type clients struct {
	most int
	make func(name string) *client

	mu     sync.Mutex
	byName map[string]*list.Element
	// recent has the client seen last in front.
	recent *list.List
}

func newClients(most int, newClient func(string) *client) clients {
	return clients{most: most, make: newClient, byName: make(map[string]*list.Element), recent: list.New()}
}

func (c *clients) get(name string) *client {
	c.mu.Lock()
	defer c.mu.Unlock()
	if found, ok := c.byName[name]; ok {
		c.recent.MoveToFront(found)
		return found.Value.(*client)
	}
	if c.recent.Len() >= c.most {
		oldest := c.recent.Back()
		c.recent.Remove(oldest)
		delete(c.byName, oldest.Value.(*client).name)
	}
	added := c.make(name)
	c.byName[name] = c.recent.PushFront(added)
	return added
}
