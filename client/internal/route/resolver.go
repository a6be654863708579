package route

import (
	"context"
	"net"
	"net/netip"
	"time"

	"google.golang.org/grpc/attributes"
	"google.golang.org/grpc/resolver"
)

// scheme is the scheme of targets that builder resolves.
const scheme = "tranship"

// lookupInterval is the shortest time between two lookups of a name. grpc-go asks for one
// after each failed attempt, which it repeats every 0.1 to 3 s.
const lookupInterval = time.Second

// hop is one address to try. It must be comparable: grpc-go keeps the connection to a hop
// that is equal to one of the last lookup.
type hop struct {
	// to is the address. It is not valid if the name was not found.
	to netip.AddrPort
	// failure is why the name was not found.
	failure string
}

// hopKey is the key of a hop in the attributes of a resolver.Address.
type hopKey struct{}

// builder makes the resolver of one Route.
type builder struct{ route *Route }

var (
	_ resolver.Builder            = builder{}
	_ resolver.AuthorityOverrider = builder{}
)

// Scheme implements resolver.Builder.
func (b builder) Scheme() string { return scheme }

// OverrideAuthority implements resolver.AuthorityOverrider. A zone has a meaning only on
// this machine and is not sent. RFC 6874, section 4.
func (b builder) OverrideAuthority(resolver.Target) string {
	return net.JoinHostPort(WithoutZone(b.route.host), b.route.port)
}

// Build implements resolver.Builder.
func (b builder) Build(_ resolver.Target, conn resolver.ClientConn, _ resolver.BuildOptions) (resolver.Resolver, error) {
	ctx, cancel := context.WithCancel(context.Background())
	r := &nameResolver{route: b.route, conn: conn, cancel: cancel, asked: make(chan struct{}, 1), done: make(chan struct{})}
	go r.run(ctx)
	return r, nil
}

// nameResolver looks up the name of the first hop of a Route, and again each time that a
// connection was lost or could not be made.
type nameResolver struct {
	route  *Route
	conn   resolver.ClientConn
	cancel context.CancelFunc
	asked  chan struct{}
	done   chan struct{}
	// found means that a lookup has succeeded. It belongs to run.
	found bool
}

// ResolveNow implements resolver.Resolver.
func (r *nameResolver) ResolveNow(resolver.ResolveNowOptions) {
	select {
	case r.asked <- struct{}{}:
	default:
	}
}

// Close implements resolver.Resolver.
func (r *nameResolver) Close() {
	r.cancel()
	<-r.done
}

func (r *nameResolver) run(ctx context.Context) {
	defer close(r.done)
	for {
		r.lookup(ctx)
		pause := time.NewTimer(lookupInterval)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return
		}
		select {
		case <-r.asked:
		case <-ctx.Done():
			return
		}
	}
}

// lookup passes the addresses of the name to grpc-go, which tries them 250 ms apart, all at
// once in the end, and uses the first on which a server answers in HTTP/2. After a failed
// lookup it keeps the addresses of the last one.
func (r *nameResolver) lookup(ctx context.Context) {
	hops, err := r.route.hops(ctx)
	if ctx.Err() != nil || err != nil && r.found {
		return
	}
	if err != nil {
		hops = []hop{{failure: err.Error()}}
	}
	r.found = err == nil
	state := resolver.State{}
	for _, next := range hops {
		// A dialer of the program in the place of Route.dial gets the name.
		state.Addresses = append(state.Addresses, resolver.Address{Addr: r.route.address(), Attributes: attributes.New(hopKey{}, next)})
	}
	_ = r.conn.UpdateState(state) // the next lookup comes when grpc-go asks for it
}

// interleave orders addresses so that the two families alternate, as RFC 8305, section 4,
// demands: a machine may have no route for one of them.
func interleave(ips []netip.Addr) []netip.Addr {
	var first, second []netip.Addr
	for _, ip := range ips {
		if ip.Is4() == ips[0].Is4() {
			first = append(first, ip)
		} else {
			second = append(second, ip)
		}
	}
	mixed := make([]netip.Addr, 0, len(ips))
	for i := range max(len(first), len(second)) {
		if i < len(first) {
			mixed = append(mixed, first[i])
		}
		if i < len(second) {
			mixed = append(mixed, second[i])
		}
	}
	return mixed
}
