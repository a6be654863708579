package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/peer"

	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/rpcstatus"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// maxAddresses is how many addresses of a name are examined.
const maxAddresses = 16

// name looks up the addresses of the server.
func (e *examination) name(ctx context.Context) {
	host, port, err := net.SplitHostPort(e.Address)
	if err != nil {
		e.problem(ctx, checkName, e.Address, err)
		return
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		e.problem(ctx, checkName, e.Address, err)
		return
	}
	var ips []netip.Addr
	ip, err := netip.ParseAddr(host)
	isName := err != nil
	if !isName {
		ips = []netip.Addr{ip}
	} else {
		looking, cancel := context.WithTimeout(ctx, e.Patience)
		defer cancel()
		if ips, err = e.Lookup(looking, host); err != nil || len(ips) == 0 {
			if err == nil {
				err = errors.New("it has no address")
			}
			// A proxy of the environment may know the name: connect decides.
			e.report(checkName, Warning, "check the name, and the name servers of this machine", "%s cannot be looked up: %v", host, err)
			return
		}
	}
	var texts []string
	for _, ip := range ips {
		if len(e.addresses) < maxAddresses {
			e.addresses = append(e.addresses, netip.AddrPortFrom(ip.Unmap(), uint16(number)))
		}
		texts = append(texts, ip.Unmap().String())
	}
	if isName {
		e.report(checkName, Good, "", "%s has the address %s", host, strings.Join(texts, ", "))
	}
}

// connect makes the connection for the checks. It reports whether it could.
func (e *examination) connect(ctx context.Context) bool {
	begun := e.Now()
	conn, err := client.DialConn(ctx, e.URL, e.Client)
	if err != nil {
		if ctx.Err() == nil {
			err = e.Advise(err)
		}
		e.problem(ctx, checkConnect, "connecting", err)
		e.reachable(ctx)
		return false
	}
	e.conn, e.files = conn, transhipv1.NewFileServiceClient(conn)
	took := e.Now().Sub(begun)
	var header, trailer headers
	var to peer.Peer
	asking, cancel := context.WithTimeout(ctx, e.Patience)
	defer cancel()
	info, err := e.files.GetServerInfo(asking, &transhipv1.GetServerInfoRequest{}, grpc.Header(&header.MD), grpc.Trailer(&trailer.MD), grpc.Peer(&to))
	e.isTunneled = e.tunneled(to)
	through := ""
	if e.isTunneled {
		through = fmt.Sprintf(" through the proxy of the environment at %v", to.Addr)
	}
	e.report(checkConnect, Good, "", "a gRPC server answered in %v%s", round(took), through)
	if err != nil {
		e.problem(ctx, checkServer, "asking the server for its version and limits", e.Advise(rpcstatus.FromError(err)))
		_ = conn.Close()
		return false
	}
	e.info = info
	e.report(checkServer, Good, "", "tranship %s, messages of at most %d bytes", info.GetServerVersion(), info.GetMaxMessageBytes())
	if e.hop = header.software(); e.hop == "" {
		e.hop = trailer.software()
	}
	if e.hop != "" {
		e.report(checkHop, Note, "", "%s is between this machine and the server: it reads and writes the calls", e.hop)
	}
	return true
}

// tunneled reports whether the other end of the connection is none of the server's addresses.
func (e *examination) tunneled(to peer.Peer) bool {
	if to.Addr == nil || len(e.addresses) == 0 {
		return len(e.addresses) == 0
	}
	found, err := netip.ParseAddrPort(to.Addr.String())
	if err != nil {
		return false
	}
	for _, address := range e.addresses {
		// 0.0.0.0 and :: stand for this machine.
		if address.Addr().WithZone("") == found.Addr().Unmap().WithZone("") || address.Addr().IsUnspecified() {
			return address.Port() != found.Port()
		}
	}
	return true
}

// reachable tells which addresses take connections, after connecting has failed.
func (e *examination) reachable(ctx context.Context) {
	type result struct {
		address netip.AddrPort
		err     error
	}
	results := make([]result, len(e.addresses))
	var all sync.WaitGroup
	for i, address := range e.addresses {
		all.Go(func() {
			dialing, cancel := context.WithTimeout(ctx, e.Patience)
			defer cancel()
			conn, err := new(net.Dialer).DialContext(dialing, "tcp", address.String())
			if err == nil {
				_ = conn.Close()
			}
			results[i] = result{address, err}
		})
	}
	all.Wait()
	for _, r := range results {
		if r.err == nil {
			e.report(checkConnect, Note, "", "%v takes TCP connections: what fails is above TCP", r.address)
			continue
		}
		e.report(checkConnect, Note, "start the server or the proxy there, and open the port in firewalls", "%v takes no TCP connection: %v", r.address, r.err)
	}
}

// eachAddress asks the server at each address of the name. All must lead to servers over one
// store.
func (e *examination) eachAddress(ctx context.Context) {
	if len(e.addresses) < 2 || e.isTunneled {
		return
	}
	infos := make([]*transhipv1.GetServerInfoResponse, len(e.addresses))
	errs := make([]error, len(e.addresses))
	var all sync.WaitGroup
	for i, address := range e.addresses {
		all.Go(func() { infos[i], errs[i] = e.ask(ctx, address) })
	}
	all.Wait()
	instances := map[string]bool{}
	for i, address := range e.addresses {
		if errs[i] != nil {
			text, advice := explain(errs[i])
			if advice == "" {
				advice = "remove the address from the name, or start the server there"
			}
			e.report(checkName, Warning, advice, "no server answers at %v: %s", address, text)
			continue
		}
		instances[infos[i].GetLanes().GetInstanceId()+" "+infos[i].GetServerVersion()] = true
	}
	if len(instances) > 1 {
		e.report(checkName, Warning, "let the name have one address, or let the servers share one bucket and run one version",
			"the addresses lead to %d servers that do not know each other's uploads, or have other versions", len(instances))
	}
}

// ask returns the description of the server at one address.
func (e *examination) ask(ctx context.Context, address netip.AddrPort) (*transhipv1.GetServerInfoResponse, error) {
	asking, cancel := context.WithTimeout(ctx, e.Patience)
	defer cancel()
	options := e.Client
	if options.TLS != nil {
		options.TLS = options.TLS.Clone()
		host, _, err := net.SplitHostPort(e.Address)
		if err != nil {
			return nil, err
		}
		setServerName(options.TLS, host)
	}
	conn, err := client.DialConn(asking, address.String(), options)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	info, err := transhipv1.NewFileServiceClient(conn).GetServerInfo(asking, &transhipv1.GetServerInfoRequest{})
	if err != nil {
		return nil, rpcstatus.FromError(err)
	}
	return info, nil
}

// setServerName makes a configuration name a host, unless it names one.
func setServerName(config *tls.Config, host string) {
	if config.ServerName == "" {
		config.ServerName = host
	}
}
