package route

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"google.golang.org/grpc/credentials"

	"github.com/tranship/tranship/internal/localonly"
	"github.com/tranship/tranship/internal/peertimeout"
	"github.com/tranship/tranship/internal/sendbuffer"
)

// dial connects to the server by the hop that the resolver has put into the context.
// grpc-go closes what it returns after the handshake has failed.
func (r *Route) dial(ctx context.Context, address string) (net.Conn, error) {
	next, ok := credentials.ClientHandshakeInfoFromContext(ctx).Attributes.Value(hopKey{}).(hop)
	if !ok {
		return nil, fmt.Errorf("%s was not looked up", address)
	}
	to := r.firstHost
	if next.failure == "" {
		to = next.to.String()
	}
	r.attempt(to, nil)
	conn, err := r.connect(ctx, next)
	if err != nil {
		r.attempt(to, err)
		return nil, err
	}
	return conn, nil
}

func (r *Route) attempt(to string, err error) {
	if r.options.Attempt != nil {
		r.options.Attempt(to, err)
	}
}

func (r *Route) connect(ctx context.Context, next hop) (net.Conn, error) {
	if next.failure != "" {
		err := errors.New(next.failure)
		if r.options.Proxy != nil {
			return nil, r.options.Proxy.explain(err)
		}
		return nil, err
	}
	// The operating system decides about probes of idle connections unless peertimeout does.
	dialer := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: -1, Interval: -1, Count: -1}}
	if r.options.LocalOnly {
		dialer.Control = localonly.Control
	}
	conn, err := dialer.DialContext(ctx, "tcp", next.to.String())
	if err != nil {
		err = explainZone(next.to.Addr(), err)
	} else {
		sendbuffer.Bound(conn)
		if r.options.PeerTimeout > 0 {
			peertimeout.Set(conn, r.options.PeerTimeout)
		}
	}
	if r.options.Proxy == nil {
		return conn, err
	}
	if err == nil {
		conn, err = r.options.Proxy.tunnel(ctx, conn, r.address())
	}
	if err != nil {
		return nil, r.options.Proxy.explain(err)
	}
	return conn, nil
}

// explainZone adds to the error of a connection what the system's error leaves out about a
// zone: it reports only an invalid argument.
func explainZone(ip netip.Addr, err error) error {
	switch {
	case ip.Zone() == "" && ip.IsLinkLocalUnicast() && ip.Is6():
		return fmt.Errorf("%w: a link-local address needs the zone of an interface, such as %s%%eth0", err, ip)
	case ip.Zone() == "":
		return err
	}
	if _, numeric := strconv.ParseUint(ip.Zone(), 10, 32); numeric == nil {
		return err
	}
	if _, missing := net.InterfaceByName(ip.Zone()); missing != nil {
		return fmt.Errorf("%w: this machine has no network interface %q", err, ip.Zone())
	}
	return err
}

// Dial connects to the server by one address of the first hop, for a connection beside those of
// grpc-go.
func (r *Route) Dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	return r.connect(ctx, hop{to: to})
}

// Authority returns what names the server in a TLS handshake: "host:port", without a zone.
func (r *Route) Authority() string { return net.JoinHostPort(WithoutZone(r.host), r.port) }
