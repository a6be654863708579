package admission

import (
	"container/list"
	"context"
	"sync"
	"sync/atomic"

	"golang.org/x/time/rate"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/server/internal/caller"
	"github.com/tranship/tranship/server/limit"
)

// rememberedClients bounds the principals whose last seconds a Door remembers, and the
// peers as well: about 7 MiB each.
const rememberedClients = 1 << 14

// client is what a Door remembers of a principal or a peer.
type client struct {
	name string
	// begins bounds the calls that a peer begins, and calls those that a caller makes.
	begins, calls, bandwidth limiter
	// streams is how many calls a principal may have under way; 0 means unlimited.
	streams atomic.Int64
	// seen is the latest call of a principal; nil for a peer.
	seen atomic.Pointer[sighting]
	// own are the limits that only this principal has. The mutex of clients guards it.
	own limit.Principal
}

// newClient returns a client with the limits of all.
func (d *Door) newClient(name string) *client {
	c := &client{name: name}
	c.setLimits(d.Limits(), limit.Principal{})
	return c
}

// setLimits sets the limits to those of all, or to the principal's own.
func (c *client) setLimits(limits limit.Options, own limit.Principal) {
	c.own = own
	limits = own.Override(limits)
	c.streams.Store(int64(limits.StreamsPerPrincipal))
	c.bandwidth.setBandwidth(limits.BandwidthPerPrincipal)
	c.begins.set(rate.Limit(limits.StreamsPerSecond), 2*limits.StreamsPerSecond)
	c.calls.set(rate.Limit(limits.CallsPerSecond), limits.CallsBurst)
}

// client returns what the Door remembers of the caller of ctx.
func (d *Door) client(ctx context.Context) *client {
	name := caller.Name(ctx)
	if access.FromContext(ctx).IsAnonymous() {
		return d.peers.get(name)
	}
	c := d.principals.get(name)
	if d.options.Principal != nil {
		d.principals.setOwn(c, d.options.Principal(access.FromContext(ctx)), d.Limits)
	}
	return c
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

// setOwn sets the limits that only a principal has. limits returns those of all.
func (c *clients) setOwn(found *client, own limit.Principal, limits func() limit.Options) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if found.own != own {
		found.setLimits(limits(), own)
	}
}

// setLimits replaces the limits of all clients.
func (c *clients) setLimits(limits limit.Options) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for element := c.recent.Front(); element != nil; element = element.Next() {
		found := element.Value.(*client)
		found.setLimits(limits, found.own)
	}
}
