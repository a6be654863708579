// Package route finds the way from a client to a server: it parses and resolves addresses,
// chooses the proxy, and dials.
//
// A name may have several addresses, some of them dead. grpc-go's pick_first policy tries them
// concurrently, 250 ms apart, and only an address on which a server has answered in HTTP/2
// wins. This package gives it the addresses and dials each.
package route

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
)

// Lookup returns the addresses of a host, in the order in which they should be tried.
type Lookup func(ctx context.Context, host string) ([]netip.Addr, error)

// Route is the way to one server. It is safe for concurrent use.
type Route struct {
	host, port string
	options    Options
	// first is the host and port that this machine connects to: those of the server or of
	// the proxy.
	firstHost, firstPort string
	// resolver is the one that grpc-go uses; nil before it has made one.
	resolver atomic.Pointer[nameResolver]

	mu sync.Mutex
	// live are the addresses of the connections on which a server has answered.
	live []netip.AddrPort
}

// Preferred is the address at which a server has answered last. The connections of a client
// try it first, so that they have the same server, although a name may be that of several.
// It is safe for concurrent use. The zero value has none.
type Preferred struct {
	address atomic.Pointer[netip.AddrPort]
}

// Address returns the address; it is not valid if there is none.
func (p *Preferred) Address() netip.AddrPort {
	if address := p.address.Load(); address != nil {
		return *address
	}
	return netip.AddrPort{}
}

// Options configure a Route.
type Options struct {
	// LocalOnly refuses addresses of other machines, and proxies, before anything is sent
	// to them. The dialer's error then wraps a *localonly.Error.
	LocalOnly bool
	// PeerTimeout is after how long the system ends a connection whose other end has
	// acknowledged nothing; 0 leaves it to the system.
	PeerTimeout time.Duration
	// Proxy is the way to the server; nil means a direct connection.
	Proxy *Proxy
	// Preferred is shared by the connections of a client; nil means that the Route has its
	// own.
	Preferred *Preferred
	// Lookup replaces the resolver of the system, for tests.
	Lookup Lookup
	// Attempt, unless it is nil, is called when an attempt to dial an address begins, with a
	// nil error, and when it has failed. The address is that of the first hop, or the name
	// if it was not found. It must be safe for concurrent use.
	Attempt func(to string, err error)
	// Looking, unless it is nil, is called with the name of a host when its lookup begins,
	// and with "" when it has ended.
	Looking func(host string)
}

// New returns the route to address, which Parse has returned.
func New(address string, options Options) (*Route, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if options.Lookup == nil {
		options.Lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	if options.LocalOnly {
		options.Proxy = nil
	}
	if options.Preferred == nil {
		options.Preferred = &Preferred{}
	}
	r := &Route{host: host, port: port, options: options, firstHost: host, firstPort: port}
	if options.Proxy != nil {
		r.firstHost, r.firstPort = options.Proxy.host, options.Proxy.port
	}
	return r, nil
}

// Target returns the target for grpc.NewClient.
func (r *Route) Target() string {
	return (&url.URL{Scheme: scheme, Path: "/" + r.address()}).String()
}

// DialOptions returns the options for grpc.NewClient.
func (r *Route) DialOptions() []grpc.DialOption {
	return []grpc.DialOption{grpc.WithResolvers(builder{r}), grpc.WithContextDialer(r.dial)}
}

// address returns the "host:port" of the server.
func (r *Route) address() string { return net.JoinHostPort(r.host, r.port) }

// hops looks up the addresses of the first hop.
func (r *Route) hops(ctx context.Context) ([]hop, error) {
	number, err := strconv.ParseUint(r.firstPort, 10, 16)
	if err != nil {
		return nil, err
	}
	var ips []netip.Addr
	if ip, err := netip.ParseAddr(r.firstHost); err == nil {
		ips = []netip.Addr{ip}
	} else if ips, err = r.lookup(ctx); err != nil {
		return nil, err
	}
	if len(ips) == 0 {
		return nil, fmt.Errorf("%s has no address", r.firstHost)
	}
	hops := make([]hop, 0, len(ips))
	for _, ip := range interleave(unmapped(ips)) {
		if next := (hop{to: netip.AddrPortFrom(ip, uint16(number))}); !slices.Contains(hops, next) {
			hops = append(hops, next)
		}
	}
	return hops, nil
}

func (r *Route) lookup(ctx context.Context) ([]netip.Addr, error) {
	if r.options.Looking != nil {
		r.options.Looking(r.firstHost)
		defer r.options.Looking("")
	}
	return r.options.Lookup(ctx, r.firstHost)
}

// Reached makes to, the address of the first hop, the preferred one: a server has answered
// there. The caller must call closed when that connection ends. While grpc-go tries several
// addresses, a server may answer on two; the one that grpc-go keeps is preferred in the end.
func (r *Route) Reached(to string) (closed func()) {
	address, err := netip.ParseAddrPort(to)
	if err != nil {
		return func() {}
	}
	address = netip.AddrPortFrom(address.Addr().Unmap(), address.Port())
	r.mu.Lock()
	defer r.mu.Unlock()
	r.live = append(r.live, address)
	r.preferLocked()
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if at := slices.Index(r.live, address); at >= 0 {
			r.live = slices.Delete(r.live, at, at+1)
			r.preferLocked()
		}
	}
}

// preferLocked prefers the address of the oldest connection, if there is one. The caller must
// hold mu.
func (r *Route) preferLocked() {
	if len(r.live) == 0 {
		return
	}
	first := r.live[0]
	if old := r.options.Preferred.address.Swap(&first); old != nil && *old == first {
		return
	}
	if current := r.resolver.Load(); current != nil {
		raise(current.preferred)
	}
}

// order returns hops with the preferred one first.
func (r *Route) order(hops []hop) []hop {
	preferred := r.options.Preferred.address.Load()
	if preferred == nil {
		return hops
	}
	first := slices.Index(hops, hop{to: *preferred})
	if first <= 0 {
		return hops
	}
	return slices.Insert(slices.Delete(slices.Clone(hops), first, first+1), 0, hops[first])
}

// unmapped returns addresses in which IPv4 is not mapped to IPv6.
func unmapped(ips []netip.Addr) []netip.Addr {
	all := make([]netip.Addr, 0, len(ips))
	for _, ip := range ips {
		all = append(all, ip.Unmap())
	}
	return all
}
