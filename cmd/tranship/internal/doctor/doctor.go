// Package doctor examines the way from a client to a server: names, certificates, proxies and
// their limits, lanes, rights, and what the server's disk and the link can do. Each check ends with
// a finding that names the setting to change. No check changes anything at the server, except those
// of Options.Write, which store a file under a temporary name and remove it.
package doctor

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/tranship/tranship/client"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
)

// Options say what to examine.
type Options struct {
	// URL is the server, as client.Dial accepts it, and Address its "host:port".
	URL, Address string
	// Path is the directory of the server whose rights are examined; "" is the root.
	Path string
	// Client are the options of connections. TLS decides about encryption, as in client.Dial.
	Client client.Options
	// Advise adds to the error of a connection what the user can do. It must not be nil.
	Advise func(error) error
	// Write permits files with temporary names below Path, which are removed again.
	Write bool
	// Idle is how long calls and connections are left idle, to find the timeouts of hops; 0 means
	// not at all. The other checks go on meanwhile.
	Idle time.Duration
	// SendBytes is how many bytes a call sends, to find limits of size; 0 means
	// DefaultSendBytes. The server drops them.
	SendBytes int64
	// Lookup returns the addresses of a host; nil means the resolver of the system.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	// Now returns the current time; nil means time.Now.
	Now func() time.Time
	// Patience is how long an answer of a few bytes may take; 0 means DefaultPatience.
	Patience time.Duration
	// Report receives the findings in their order, from one goroutine. It must not be nil.
	Report func(Finding)
}

// DefaultSendBytes is more than the usual default of proxies, 1 MiB.
const DefaultSendBytes = 4 << 20

// DefaultPatience is as long as the default time limit of a client for connecting.
const DefaultPatience = 5 * time.Second

// examination is one run of the checks.
type examination struct {
	Options
	seen *seenCertificates
	// addresses are those of the server; nil if they are not known.
	addresses []netip.AddrPort
	conn      *grpc.ClientConn
	files     transhipv1.FileServiceClient
	info      *transhipv1.GetServerInfoResponse
	// hop is the software of the proxy that has answered; "" if none says its name.
	hop string
	// isTunneled means that connections go through a proxy of the environment.
	isTunneled bool
	// roundTrip is how long the shortest call takes.
	roundTrip time.Duration
	// lanesWork means that files move on lanes.
	lanesWork bool
	// isLimited means that a proxy ends requests of SendBytes.
	isLimited bool
}

// Run makes all checks. When the context ends, the checks that are left end with a warning.
func Run(ctx context.Context, options Options) {
	if options.Lookup == nil {
		options.Lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	options.Patience = cmp.Or(options.Patience, DefaultPatience)
	options.SendBytes = cmp.Or(options.SendBytes, DefaultSendBytes)
	e := &examination{Options: options, seen: &seenCertificates{}}
	if e.Client.TLS != nil {
		e.Client.TLS = e.seen.watch(e.Client.TLS)
	}
	e.name(ctx)
	ok := e.connect(ctx)
	e.certificate()
	e.clientCertificate()
	if !ok {
		return
	}
	defer e.conn.Close()
	e.eachAddress(ctx)
	var waiting sync.WaitGroup
	idle := make(chan []Finding, 1)
	waiting.Go(func() { idle <- e.idle(ctx) })
	defer waiting.Wait()
	e.lanes(ctx)
	e.http2(ctx)
	e.rights(ctx)
	e.request(ctx)
	e.stream(ctx)
	e.write(ctx)
	for _, finding := range <-idle {
		e.Report(finding)
	}
}
