package limit

import (
	"container/list"
	"context"
	"sync"

	"golang.org/x/time/rate"

	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/server/internal/caller"
)

// client is what is remembered of a principal or peer. Limiters are nil where there is
// no limit.
type client struct {
	name string
	// begins are streams begun, calls those that are made of them.
	begins, calls *rate.Limiter
	bandwidth     *rate.Limiter
}

func (l *Limiter) newClient(name string) *client {
	c := &client{name: name, bandwidth: bandwidth(l.options.BandwidthPerPrincipal)}
	if n := l.options.StreamsPerSecond; n > 0 {
		c.begins = rate.NewLimiter(rate.Limit(n), 2*n)
	}
	if n := l.options.CallsPerSecond; n > 0 {
		c.calls = rate.NewLimiter(rate.Limit(n), l.options.CallsBurst)
	}
	return c
}

// client is what is remembered of the caller of a call.
func (l *Limiter) client(ctx context.Context) *client {
	name := caller.Name(ctx)
	if access.FromContext(ctx).IsAnonymous() {
		return l.peers.get(name)
	}
	return l.principals.get(name)
}

// clients are those that were seen last, of a bounded number: who comes back after
// that many others has a fresh start.
type clients struct {
	most int
	make func(name string) *client

	mu     sync.Mutex
	byName map[string]*list.Element
	// recent has the one seen last in front.
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
