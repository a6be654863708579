package route

import (
	"context"
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
	return b.route.Authority()
}

// Build implements resolver.Builder.
func (b builder) Build(_ resolver.Target, conn resolver.ClientConn, _ resolver.BuildOptions) (resolver.Resolver, error) {
	ctx, cancel := context.WithCancel(context.Background())
	r := &nameResolver{
		route: b.route, conn: conn, cancel: cancel,
		asked: make(chan struct{}, 1), preferred: make(chan struct{}, 1), done: make(chan struct{}),
	}
	b.route.resolver.Store(r)
	go r.run(ctx)
	return r, nil
}

// nameResolver looks up the name of the first hop of a Route, and again each time that a
// connection was lost or could not be made.
type nameResolver struct {
	route  *Route
	conn   resolver.ClientConn
	cancel context.CancelFunc
	// asked has an element when grpc-go wants a lookup, and preferred when the preferred
	// address has changed.
	asked, preferred, done chan struct{}
	// found are the hops of the last lookup that succeeded. They belong to run.
	found []hop
}

// ResolveNow implements resolver.Resolver.
func (r *nameResolver) ResolveNow(resolver.ResolveNowOptions) { raise(r.asked) }

// raise adds an element to a channel that has room for one, unless it has one.
func raise(signal chan struct{}) {
	select {
	case signal <- struct{}{}:
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
		if !r.wait(ctx) {
			return
		}
	}
}

// wait waits until the next lookup. It returns false if ctx has ended.
func (r *nameResolver) wait(ctx context.Context) bool {
	pause := time.NewTimer(lookupInterval)
	defer pause.Stop()
	var asked chan struct{}
	for {
		select {
		case <-pause.C:
			asked = r.asked
		case <-asked:
			return true
		case <-r.preferred:
			if r.found != nil {
				r.pass(r.route.order(r.found))
			}
		case <-ctx.Done():
			return false
		}
	}
}

// lookup looks up the name and passes its addresses on. After a failed lookup it keeps the
// addresses of the last one.
func (r *nameResolver) lookup(ctx context.Context) {
	hops, err := r.route.hops(ctx)
	switch {
	case ctx.Err() != nil:
	case err == nil:
		r.found = hops
		r.pass(r.route.order(hops))
	case r.found == nil:
		r.pass([]hop{{failure: err.Error()}})
	}
}

// pass gives the addresses to grpc-go. It tries them 250 ms apart, all at once in the end,
// and uses the first on which a server answers in HTTP/2. It keeps a connection to one of
// them.
func (r *nameResolver) pass(hops []hop) {
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
