package admission

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/internal/minrate"
	"github.com/tranship/tranship/internal/observation"
	"github.com/tranship/tranship/server/internal/origin"
	"github.com/tranship/tranship/server/limit"
)

// DefaultRecheck is how often the credentials of calls under way are checked again by
// default.
const DefaultRecheck = 10 * time.Second

// Options of a Door. The zero value refuses all callers.
type Options struct {
	// Authenticators are asked in order. The first authenticator whose kind the
	// credentials are of decides.
	Authenticators []authn.Authenticator
	// Caller replaces Authenticators where the program's own code has authenticated the
	// call: it returns the principal that the context of the call has. A principal
	// without a name is anonymous. An error that matches tranship.ErrUnauthenticated,
	// ErrDenied or ErrUnavailable goes to the caller; any other is logged, and the caller
	// is told of an internal error.
	Caller func(ctx context.Context) (access.Principal, error)
	// Anonymous admits calls without credentials. Bad credentials are refused even so.
	Anonymous bool
	// Recheck is how often the credentials of a call under way are checked again; 0
	// means DefaultRecheck.
	Recheck time.Duration
	// Proxies are trusted to report the addresses of their clients.
	Proxies origin.Proxies
	// Limits bound connections, calls and rates.
	Limits limit.Options
	// Principal returns the limits that a single principal has instead of Limits; nil means
	// that all have the same. It is called for each call.
	Principal func(access.Principal) limit.Principal
	// Memory bounds what calls hold in memory; several doors can share one. Nil means
	// NewMemory(0).
	Memory *Memory
	// Audit is told of everything that is refused; nil means that nothing is told.
	Audit Audit
	// Observer is told of calls; nil means that nothing is told.
	Observer tranship.Observer
	// CallContext, unless it is nil, returns the context of a call whose caller was
	// authenticated, derived from ctx. metadata returns the values of a key of the call.
	CallContext func(ctx context.Context, method string, metadata func(key string) []string) context.Context
	// Logger gets at most one line a second for refused calls, and one for closed
	// connections. Nil means that nothing is logged.
	Logger *slog.Logger
	// Clock is replaced by tests.
	Clock Clock
}

// Audit records refusals. Its methods are safe for concurrent use and must not block for
// long. An address is "host:port", and a reason is what the caller was told.
type Audit interface {
	// Refused records a call without good credentials.
	Refused(address, reason string)
	// RefusedHandshake records a connection that could not be encrypted.
	RefusedHandshake(address, reason string)
	// RefusedConnection records a connection or a call that a limit refused before
	// anything was read of it.
	RefusedConnection(address, reason string)
	// RefusedCall records a call of an admitted caller that failed as a whole. path,
	// destination and upload are what its message names; "" if it names none.
	RefusedCall(ctx context.Context, method, path, destination, upload string, err error)
}

// Clock is the time as a Door sees it. Its zero value is the system's.
type Clock struct {
	// Now is time.Now if it is nil.
	Now func() time.Time
	// AfterFunc calls f once, d from now, in a goroutine of its own, unless stop is
	// called before. It is time.AfterFunc if it is nil.
	AfterFunc func(d time.Duration, f func()) (stop func() bool)
}

func (c Clock) withDefaults() Clock {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.AfterFunc == nil {
		c.AfterFunc = func(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }
	}
	return c
}

// Door admits connections and calls. It is safe for concurrent use, and all transports
// of a server share one.
type Door struct {
	options Options
	limits  atomic.Pointer[limit.Options]
	clock   Clock
	audit   Audit
	log     *slog.Logger
	memory  *Memory
	// observed is nil without an observer.
	observed *observation.Batch

	bandwidth limiter
	// peers and principals are remembered apart, so that a caller with many addresses
	// cannot displace principals.
	peers, principals clients
	refusals          refusalLog
	// setting is locked while limits are replaced.
	setting sync.Mutex

	mu sync.Mutex
	// principalCalls counts the calls that each principal has under way.
	principalCalls map[string]int
	// connections and calls count what each peer has; all counts all connections.
	connections, calls map[string]int
	all                int
	// closed counts connections since the last line about them, at logged.
	closed int
	logged time.Time
	// handling counts the handlers that run, by method.
	handling map[string]int

	drainOnce sync.Once
	// draining is closed by Drain, and overdue when the Door stops waiting for first messages.
	draining, overdue chan struct{}
}

// New returns a Door.
func New(options Options) *Door {
	d := &Door{
		options:        options,
		clock:          options.Clock.withDefaults(),
		audit:          options.Audit,
		log:            options.Logger,
		memory:         options.Memory,
		observed:       observation.New(options.Observer),
		connections:    make(map[string]int),
		calls:          make(map[string]int),
		principalCalls: make(map[string]int),
		handling:       make(map[string]int),
		draining:       make(chan struct{}),
		overdue:        make(chan struct{}),
	}
	if d.options.Recheck == 0 {
		d.options.Recheck = DefaultRecheck
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if d.memory == nil {
		d.memory = NewMemory(0)
	}
	if len(options.Authenticators) > 0 {
		d.memory.PreferPrincipals()
	}
	d.refusals.log = d.log
	d.limits.Store(new(options.Limits.WithDefaults()))
	d.bandwidth.setBandwidth(d.Limits().Bandwidth)
	d.peers, d.principals = newClients(rememberedClients, d.newClient), newClients(rememberedClients, d.newClient)
	return d
}

// Limits returns the limits, in which 0 means unlimited. The transport itself enforces
// HandshakeTime, StreamsPerConnection and HeaderBytes.
func (d *Door) Limits() limit.Options { return *d.limits.Load() }

// SetLimits replaces the limits. Limits of bandwidth hold at once, for calls under way, too;
// all others for connections and calls that begin later. Nothing that is under way is ended.
// What the transport itself enforces is not changed.
func (d *Door) SetLimits(limits limit.Options) {
	d.setting.Lock()
	defer d.setting.Unlock()
	limits = limits.WithDefaults()
	d.limits.Store(&limits)
	d.bandwidth.setBandwidth(limits.Bandwidth)
	d.peers.setLimits(limits)
	d.principals.setLimits(limits)
}

// Memory returns what bounds the memory of calls.
func (d *Door) Memory() *Memory { return d.memory }

// ForwardedHeader returns the name, in lower case, of the header in which trusted proxies
// report the addresses of their clients; "" if no proxy is trusted. An adapter passes its
// values to Begin.
func (d *Door) ForwardedHeader() string { return d.options.Proxies.HeaderName() }

// FindsCallerInContext reports whether Options.Caller finds the principal of a call. A
// transport then calls Authenticate when the program's own code has run.
func (d *Door) FindsCallerInContext() bool { return d.options.Caller != nil }

// Flush tells the observer of events that wait to be told. It is for the end of serving.
func (d *Door) Flush() { d.observed.Flush() }

// slowness is the limit of how slow a client may be.
func (d *Door) slowness() minrate.Limits {
	limits := d.Limits()
	return minrate.Limits{Rate: limits.MinRate, Window: limits.MinRateWindow, Idle: limits.Idle}
}

// hostPort is the text of an address; "" for none.
func hostPort(address net.Addr) string {
	if address == nil {
		return ""
	}
	return address.String()
}
