// Package grpcadmission brings the calls of a grpc.Server to a Door of package admission,
// and translates what it answers. On a server of our own, all of it is used:
//
//	adapter := grpcadmission.New(door, grpcadmission.Options{})
//	server := grpc.NewServer(append(adapter.ServerOptions(), grpc.Creds(adapter.Credentials(transport)))...)
//	service.Register(adapter.Registrar(server))
//	server.Serve(adapter.Listener(listener))
//
// Registrar alone admits the calls of its services on a server of any program, whatever
// the options and interceptors of that server: it wraps the handlers in the services'
// descriptions. Interceptors of a unary call run after its admission, and those of a
// stream before it.
//
// # What gRPC does by itself
//
// gRPC for Go (1.85) runs at most as many handlers as a connection may have streams,
// including those of streams that were reset, and reads no further until one ends. It
// closes connections that ping too often, and stops reading from a connection that has
// 10,000 answers to its pings, settings and resets waiting to be sent. It does not bound
// how often a client that takes those answers asks for them: Credentials counts the
// frames without payload, and closes a connection that sends too many.
package grpcadmission

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/tap"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/observation"
	"github.com/tranship/tranship/server/internal/admission"
	"github.com/tranship/tranship/server/limit"
)

// Options of an Adapter. The zero value is useful.
type Options struct {
	// MaxMessageBytes is the largest message that the server accepts; 0 means
	// admission.DefaultMaxMessageBytes. It limits nothing: grpc.MaxRecvMsgSize does.
	MaxMessageBytes int
}

// Adapter is the gRPC side of a Door. It is safe for concurrent use; each grpc.Server
// has its own.
type Adapter struct {
	door         *admission.Door
	messageBytes int
	// handlers counts handlers that run, including those whose calls have ended.
	handlers sync.WaitGroup

	mu sync.Mutex
	// connections are those of Listener that have passed Credentials. Several may have
	// equal ends: Unix sockets without names, and a client that comes from one port through
	// several proxies.
	connections map[ends][]*admission.Connection
	// early are the connections of Listener whose second frame has not begun.
	early    map[*admittedConn]struct{}
	draining bool
}

// New returns the gRPC side of door.
func New(door *admission.Door, options Options) *Adapter {
	return &Adapter{
		door:         door,
		messageBytes: cmp.Or(options.MaxMessageBytes, admission.DefaultMaxMessageBytes),
		connections:  make(map[ends][]*admission.Connection),
		early:        make(map[*admittedConn]struct{}),
	}
}

// ServerOptions are the options of a grpc.Server whose calls pass the Door from their
// headers on. They set the server's tap handle and its handler of unknown services.
func (a *Adapter) ServerOptions() []grpc.ServerOption {
	return append(settings(a.door.Limits()), grpc.InTapHandle(a.Tap), grpc.UnknownServiceHandler(a.Unknown))
}

// Settings are the limits that gRPC itself enforces. Other options may set them as well:
// the last of them count.
func Settings(limits limit.Options) []grpc.ServerOption { return settings(limits.WithDefaults()) }

func settings(limits limit.Options) []grpc.ServerOption {
	const most = 1<<31 - 1
	var options []grpc.ServerOption
	if limits.HandshakeTime > 0 {
		options = append(options, grpc.ConnectionTimeout(limits.HandshakeTime))
	}
	streams := limits.StreamsPerConnection
	if streams <= 0 {
		streams = most
	}
	options = append(options, grpc.MaxConcurrentStreams(uint32(min(streams, most))))
	if limits.HeaderBytes > 0 {
		options = append(options, grpc.MaxHeaderListSize(uint32(min(limits.HeaderBytes, most))))
	}
	return options
}

// Wait returns when no handler of a stream runs. A handler may run a moment longer than
// its call, and than grpc.Server.Stop: wait for it before the store is closed.
func (a *Adapter) Wait() { a.handlers.Wait() }

// callKey is the key of a *tapped in a call's context.
type callKey struct{}

// tapped is a call that Tap has counted, or the reason why the call is refused.
type tapped struct {
	call    *admission.Call
	refusal error
}

// Tap counts a call before anything is spent on it. It does not fail: gRPC (1.85) never
// releases the timer of a call with a deadline that a tap refuses, so that the client
// decides how long it stays in memory. The handlers of Wrap refuse the call.
func (a *Adapter) Tap(ctx context.Context, info *tap.Info) (context.Context, error) {
	call, err := a.begin(ctx, info.FullMethodName)
	if err == nil {
		ctx = call.Context()
	}
	return context.WithValue(ctx, callKey{}, &tapped{call, err}), nil
}

// begin counts a call, until its context ends: gRPC ends that of every call it has taken.
func (a *Adapter) begin(ctx context.Context, method string) (*admission.Call, error) {
	var address net.Addr
	var connection *admission.Connection
	if from, ok := peer.FromContext(ctx); ok {
		address, connection = from.Addr, a.connectionOf(ctx, from)
	}
	var forwarded []string
	if header := a.door.ForwardedHeader(); header != "" {
		forwarded = metadata.ValueFromIncomingContext(ctx, header)
	}
	if observation.Transport(ctx) == "" {
		ctx = observation.NewTransportContext(ctx, tranship.TransportGRPC)
	}
	var call *admission.Call
	var err error
	if connection != nil {
		call, err = connection.Begin(ctx, method, forwarded)
	} else {
		call, err = a.door.Begin(ctx, method, address, forwarded)
	}
	if err != nil {
		return nil, err
	}
	context.AfterFunc(call.Context(), call.End)
	return call, nil
}

// call returns the call of a context that Tap has counted, and counts another's. The
// handler of the call must call done when it returns. What Tap has counted goes on until
// gRPC has sent the outcome; another's ends there, because an interceptor may have replaced
// its context by one that never ends.
func (a *Adapter) call(ctx context.Context, method string) (call *admission.Call, done func(), err error) {
	if found, ok := ctx.Value(callKey{}).(*tapped); ok {
		if found.refusal == nil {
			found.call.Continue(ctx)
		}
		return found.call, func() {}, found.refusal
	}
	if call, err = a.begin(ctx, method); err != nil {
		return nil, nil, err
	}
	return call, call.End, nil
}

// ends tell connections apart: those of TCP by their addresses, others by their texts.
type ends struct {
	remote, local netip.AddrPort
	other         string
}

func endsOf(remote, local net.Addr) ends {
	r, ok := remote.(*net.TCPAddr)
	l, too := local.(*net.TCPAddr)
	switch {
	case ok && too:
		return ends{remote: r.AddrPort(), local: l.AddrPort()}
	case remote == nil || local == nil:
		return ends{}
	default:
		return ends{other: remote.String() + " " + local.String()}
	}
}

// add adds a connection that has passed Credentials.
func (a *Adapter) add(ends ends, connection *admission.Connection) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.connections[ends] = append(a.connections[ends], connection)
}

// remove removes a connection that was closed. Further calls do nothing.
func (a *Adapter) remove(ends ends, connection *admission.Connection) {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := a.connections[ends]
	at := slices.Index(all, connection)
	switch {
	case at < 0:
	case len(all) == 1:
		delete(a.connections, ends)
	default:
		a.connections[ends] = slices.Delete(all, at, at+1)
	}
}

// connection returns the connection of a peer, and one of them if several have equal ends;
// nil for one that did not come through Listener and Credentials.
func (a *Adapter) connection(from *peer.Peer) *admission.Connection {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := a.connections[endsOf(from.Addr, from.LocalAddr)]
	if len(all) == 0 {
		return nil
	}
	return all[0]
}
