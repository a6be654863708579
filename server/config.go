package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/access/authn"
	"github.com/tranship/tranship/access/policy"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/audit"
	"github.com/tranship/tranship/store/guard"
	"github.com/tranship/tranship/store/hook"
	"github.com/tranship/tranship/store/quota"
)

// Config is everything that a server needs. Store is required, and one of
// Authenticators, Caller and Anonymous: without them no client could do anything. All
// other fields have useful zero values. New copies the Config.
type Config struct {
	// Store has the files. The caller closes it, after Serve has returned.
	Store tranship.Store

	// TLS encrypts the connections of Serve; nil means plaintext, which Serve accepts
	// only on loopback addresses and Unix sockets. Package access/tlsconfig makes one from
	// files, with renewal. Mount ignores it: the grpc.Server has its own credentials.
	TLS *tls.Config
	// Insecure allows Serve to listen beyond this machine in plaintext. It never allows
	// Authenticators there, because their tokens would cross the network in plaintext.
	Insecure bool

	// Authenticators find the principal of a call from its bearer token or client
	// certificate. They are asked in order; the first that knows the kind of credentials
	// decides. Packages access/token and access/oidc have two, authn.Certificates is a
	// third, and any type with the method may be one.
	Authenticators []authn.Authenticator
	// Recheck is how often the credentials of a stream under way are verified again; 0
	// means 10 s. It must not be negative. A stream whose credentials have been revoked
	// ends.
	Recheck time.Duration
	// Caller replaces Authenticators where interceptors of the program's own grpc.Server
	// have authenticated the call: it returns the principal that they found, from the
	// context of the call. A principal without a name is an anonymous one. An error that
	// matches tranship.ErrUnauthenticated, ErrDenied or ErrUnavailable goes to the client;
	// any other is logged, and the client is told of an internal error. Caller is called
	// once for each call, from many goroutines. The interceptors have to end streams
	// whose credentials are revoked.
	Caller func(ctx context.Context) (access.Principal, error)
	// SignIn is how the users of browsers sign in over HTTP.
	SignIn SignIn
	// Anonymous is what clients without credentials may do. With a Policy, the policy
	// alone decides that, and Anonymous only whether such clients are let in.
	Anonymous Anonymous

	// Policy decides who may read, write, delete and list which paths, and who may administer
	// the server; nil means that every principal may do everything with files, and none may
	// administer the server. Package access/policy reads one from a file.
	// Whatever the policy, each unfinished upload belongs to the principal that began it:
	// no other can list, resume, join or abort it.
	Policy guard.Policy
	// Expiries returns the lines of the policy that remove files and uploads that are old; nil
	// means that there are none. It is called often, from many goroutines. The method Expiries
	// of a policy.File is one. Serve removes what is old, once an hour and at most 100 in a
	// second; of several servers over one store that is a tranship.StateStore, one does so at a
	// time. New fails if the Store cannot have such lines: see CheckExpiries.
	Expiries func() policy.Expiries
	// KnownPrincipals returns the names of principals that the configuration of the program has,
	// such as those of its tokens, for administrators; nil means none.
	KnownPrincipals func() []string
	// Quota bounds what each principal may keep. Its zero value bounds only the number
	// of unfinished uploads, at quota.DefaultUploads. An unset Quota.Logger is Logger. Each
	// Server counts what passes it: of several with one Store, none knows what the others
	// take, unless all have Quota.Shared. With that, Serve gives back at its end what the
	// Server has leased; what mounted services have leased is lost until the files are
	// counted again.
	Quota quota.Options
	// PrincipalLimits returns limits of a single principal, which replace those of Limits and
	// Quota; nil means that all principals have the same. It is called often, from many
	// goroutines. The method Limits of a policy.File is one. Limits of bytes and files need
	// a Quota that has some, too, or Quota.Count.
	PrincipalLimits func(access.Principal) policy.Limits
	// Proxies are trusted to report the addresses of their clients, for limits, logs and
	// the audit log. The zero value trusts none, so that all clients of a proxy are one
	// peer.
	Proxies Proxies
	// Limits bound connections, calls, frames, bandwidth and slow clients. The zero
	// value has the defaults of package limit. Limits of connections, frames and headers
	// hold for Serve alone.
	Limits limit.Options
	// MemoryLimit is how many bytes all transfers under way may take together; 0 means
	// DefaultMemoryLimit. The least is MinMemoryLimit. The server needs some 30 MiB more.
	MemoryLimit int64
	// Descriptors is how many file descriptors the process may have, which connections
	// and open files share; 0 means the system's limit of the process.
	Descriptors int64
	// MaxMessageBytes is the largest message that clients may send; 0 means
	// DefaultMaxMessageBytes, which is the least, too, and 2 GiB are the most. A
	// grpc.Server that Mount is used with must have the same, which GRPCOptions sets.
	MaxMessageBytes int
	// ListPage is how many entries one message of a list has, from 1 to 256; 0 means 256.
	ListPage int
	// MinDurability is the least durability of a commit, whatever the client asks for.
	MinDurability tranship.Durability

	// HTTPURL is where users reach the HTTPListener, such as "https://files.example.com": the
	// scheme, the host and perhaps a port. It is for the URLs of sharing links, and for signing in.
	// With https, cookies are for TLS alone, also behind a proxy that speaks plaintext to the
	// server. Its host is accepted in requests of callers without credentials on the server's own
	// machine, where other names than localhost are refused. "" means that the URL is not known;
	// that of a link is then only a path.
	HTTPURL string
	// HTTPOrigins are the origins of other web applications, such as "https://app.example.com", whose
	// pages may use /files/ and /uploads/ of an HTTPListener: see CheckHTTPOrigin. A page of such an
	// origin has the rights of the token that it sends, or those of callers without credentials.
	// Cookies and client certificates count for nothing in its requests.
	HTTPOrigins []string
	// Links are limits of sharing links, which principals make and an HTTPListener serves.
	Links Links

	// Protocols are the protocols beside the native one, which is always served.
	Protocols Protocols
	// NoLanes makes Serve refuse lanes: connections to the same port that carry uploads and
	// downloads without HTTP/2, at a fraction of the processor time, for clients that ask for
	// them. They pass the same authentication, policy and limits. Mount has no lanes.
	NoLanes bool

	// Audit has one line for each action of a client, also for those that are refused;
	// nil means that nothing is written. The caller closes it, after Serve has returned.
	Audit *audit.Log
	// Hooks ask and tell programs of the operator about changes; nil means that there are none.
	// They belong to the Store without decorators. The caller closes them, after Serve has
	// returned and before it closes the Store.
	Hooks *hook.Hooks
	// Health are other parts of the program that all calls depend on, beside the Store, the
	// Audit log and the Authenticators, such as the certificate of a tlsconfig.Files: see
	// Server.CheckHealth.
	Health []tranship.HealthChecker
	// Observer is told of calls and transfers, for metrics and traces; nil means that
	// nothing is told.
	Observer tranship.Observer
	// CallContext, unless it is nil, returns the context of a call, derived from ctx, such as
	// one with the context of a trace that the client has sent. It is called when the caller is
	// known and before anything else is done for the call, from many goroutines. Store, Logger and
	// the events of Observer get the context that it returns. ctx has the peer and the
	// principal. metadata returns the values of a key of the call's metadata, in lower case: the
	// client has chosen them, and method, which may be arbitrary text.
	CallContext func(ctx context.Context, method string, metadata func(key string) []string) context.Context
	// Logger has one line for each transfer, of which small files that are stored or read
	// together share one, and failures; nil means that nothing is logged. Each line about a
	// call has the attributes "principal", "peer" and "transport". At level Debug, each small
	// file has a line of its own.
	Logger *slog.Logger

	// DrainTimeout is how long Serve waits, after its context has ended, for files under
	// way; 0 means DefaultDrainTimeout, and less than 0 that it does not wait.
	DrainTimeout time.Duration
	// Version is the software version that clients are told, in valid UTF-8; it may be
	// empty.
	Version string
}

// DefaultDrainTimeout is how long files under way may take to finish by default.
const DefaultDrainTimeout = 30 * time.Second

func (c Config) validate() error {
	invalid := func(field, format string, args ...any) error {
		return &ConfigError{Field: field, Err: fmt.Errorf("%w: "+format, append([]any{tranship.ErrInvalid}, args...)...)}
	}
	switch {
	case c.Store == nil:
		return invalid("Store", "there is no store to serve")
	case len(c.Authenticators) > 0 && c.Caller != nil:
		return invalid("Caller", "only one of Authenticators and Caller can find the principal of a call")
	case len(c.Authenticators) == 0 && c.Caller == nil && c.Anonymous == AnonymousNone:
		return invalid("Authenticators", "no client could do anything: set Authenticators or Caller, or allow clients without credentials with Anonymous")
	case c.Anonymous < AnonymousNone || c.Anonymous > AnonymousWrite:
		return invalid("Anonymous", "%d is not one of AnonymousNone, AnonymousRead and AnonymousWrite", c.Anonymous)
	case c.MemoryLimit != 0 && c.MemoryLimit < MinMemoryLimit:
		return invalid("MemoryLimit", "%d is less than %d", c.MemoryLimit, MinMemoryLimit)
	case c.ListPage < 0 || c.ListPage > maxListPage:
		return invalid("ListPage", "%d is not from 1 to %d", c.ListPage, maxListPage)
	case c.MaxMessageBytes != 0 && (c.MaxMessageBytes < DefaultMaxMessageBytes || c.MaxMessageBytes > math.MaxInt32):
		return invalid("MaxMessageBytes", "%d is not from %d to %d", c.MaxMessageBytes, DefaultMaxMessageBytes, math.MaxInt32)
	case c.Proxies.ProxyProtocol && len(c.Proxies.Trusted) == 0:
		return invalid("Proxies.ProxyProtocol", "no proxy is trusted to send a header: set Proxies.Trusted")
	case c.Proxies.Header < XForwardedFor || c.Proxies.Header > Forwarded:
		return invalid("Proxies.Header", "%d is not XForwardedFor or Forwarded", c.Proxies.Header)
	case slices.ContainsFunc(c.Proxies.Trusted, func(p netip.Prefix) bool { return !p.IsValid() }):
		return invalid("Proxies.Trusted", "one of them is not a valid prefix")
	case c.Recheck < 0:
		return invalid("Recheck", "%v is negative", c.Recheck)
	case CheckHTTPURL(c.HTTPURL) != nil:
		return invalid("HTTPURL", "%q %v", c.HTTPURL, CheckHTTPURL(c.HTTPURL))
	case c.checkHTTPOrigins() != nil:
		return invalid("HTTPOrigins", "%w", c.checkHTTPOrigins())
	case c.Links.PerPrincipal < 0:
		return invalid("Links.PerPrincipal", "%d is negative", c.Links.PerPrincipal)
	case c.Links.Lifetime < 0 || c.Links.Lifetime > MaxLinkLifetime:
		return invalid("Links.Lifetime", "%v is not from 0 to %v", c.Links.Lifetime, MaxLinkLifetime)
	case c.MinDurability > tranship.DurabilityDurable:
		return invalid("MinDurability", "%d is not a durability", c.MinDurability)
	case !utf8.ValidString(c.Version):
		return invalid("Version", "%q is not valid UTF-8", c.Version)
	}
	if f := c.Protocols.Filesrv; f != nil {
		if f.Revision < 0 || f.Revision > 2 {
			return invalid("Protocols.Filesrv.Revision", "%d is not 1 or 2", f.Revision)
		}
		if strings.Contains(f.UploadSuffix, "/") || f.UploadSuffix != "" && tranship.ValidatePath("a"+f.UploadSuffix) != nil {
			return invalid("Protocols.Filesrv.UploadSuffix", "%q cannot be part of the name of a file", f.UploadSuffix)
		}
	}
	for _, authenticator := range c.Authenticators {
		if authenticator == nil {
			return invalid("Authenticators", "one of them is nil")
		}
	}
	for _, checker := range c.Health {
		if checker == nil {
			return invalid("Health", "one of them is nil")
		}
	}
	return c.checkSignIn()
}

// maxListPage is the greatest number of entries of one message of a list.
const maxListPage = 256

// withDefaults returns the Config with the fields set whose zero value stands for
// something that depends on others.
func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	} else {
		c.Logger = slog.New(callerLog{c.Logger.Handler()})
	}
	if c.MaxMessageBytes == 0 {
		c.MaxMessageBytes = DefaultMaxMessageBytes
	}
	if c.DrainTimeout == 0 {
		c.DrainTimeout = DefaultDrainTimeout
	}
	if c.Quota.Logger == nil {
		c.Quota.Logger = c.Logger
	}
	if c.Policy == nil {
		c.Policy = c.Anonymous.policy()
	}
	return c
}

// policy is that of a server without one: principals may do everything.
func (a Anonymous) policy() guard.Policy {
	switch a {
	case AnonymousRead:
		return policy.Default(access.Read, access.List)
	case AnonymousWrite:
		return policy.Default(access.FileActions()...)
	default:
		return policy.Default()
	}
}

// listenPolicy is what Serve applies to its listeners.
func (c Config) listenPolicy() ListenPolicy {
	return ListenPolicy{
		Encrypted:     c.TLS != nil,
		Insecure:      c.Insecure,
		Authenticated: len(c.Authenticators) > 0 || c.Caller != nil,
		Anonymous:     c.Anonymous != AnonymousNone,
		Tokens:        len(c.Authenticators) > 0,
	}
}

// quotas returns the store with its quotas.
func (c Config) quotas(ctx context.Context) (*quota.Store, error) {
	options := c.Quota
	if c.PrincipalLimits != nil {
		options.Principal = func(p access.Principal) quota.Limits { return quotaLimits(c.PrincipalLimits(p)) }
	}
	limited, err := quota.New(ctx, c.Store, options)
	if errors.Is(err, tranship.ErrUnsupported) {
		return nil, &ConfigError{Field: "Quota", Err: err}
	}
	return limited, err
}

// decorate returns the store as clients have it. Each decorator relies on those below it:
// the audit log sees what the policy refuses, the policy comes before descriptors are
// taken, and quotas count what the policy has allowed.
func (c Config) decorate(owned tranship.Store) tranship.Store {
	return audit.New(guard.New(owned, c.Policy), c.Audit)
}
