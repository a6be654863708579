package route

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// Proxy is a proxy that connects to servers for this machine: an HTTP proxy by the method
// CONNECT, over TLS if its scheme is https, or a SOCKS5 proxy.
type Proxy struct {
	scheme     string
	host, port string
	user       *url.Userinfo
	// Source is where the proxy comes from, such as the name of an environment variable,
	// for messages; it may be "".
	source string
}

// TunnelError is the error of a connection that failed at a proxy, or on the way to it.
type TunnelError struct {
	// Proxy is the URL of the proxy, without credentials.
	Proxy string
	// Source is the name of the environment variable with the proxy; "" if the proxy does
	// not come from one.
	Source string
	// Status is the status of an HTTP proxy that refused to connect; otherwise 0.
	Status int
	Err    error
}

// Error implements error.
func (e *TunnelError) Error() string {
	return fmt.Sprintf("the proxy %s: %v", describe(e.Proxy, e.Source), e.Err)
}

// Unwrap returns Err.
func (e *TunnelError) Unwrap() error { return e.Err }

// defaultPorts are the ports of proxies by scheme.
func defaultPort(scheme string) string {
	switch scheme {
	case "http":
		return "80"
	case "https":
		return "443"
	case "socks5", "socks5h":
		return "1080"
	}
	return ""
}

// NewProxy returns the proxy with a URL, and nil for nil. source is Proxy.Source. The error
// does not quote the URL, which may contain a password.
func NewProxy(u *url.URL, source string) (*Proxy, error) {
	if u == nil {
		return nil, nil
	}
	named := "a proxy's URL"
	if source != "" {
		named = "the proxy's URL in " + source
	}
	scheme := strings.ToLower(u.Scheme)
	port := defaultPort(scheme)
	if port == "" {
		return nil, fmt.Errorf("%s must begin with http://, https://, socks5:// or socks5h://", named)
	}
	if u.Port() != "" {
		port = u.Port()
	}
	address, err := Parse(net.JoinHostPort(u.Hostname(), port))
	if err != nil || u.Hostname() == "" {
		return nil, fmt.Errorf("%s must have a host and, unless it is the scheme's default, a port from 1 to 65535", named)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	return &Proxy{scheme: scheme, host: host, port: port, user: u.User, source: source}, nil
}

// FromEnvironment returns the proxy that the environment has for a server; nil means a
// direct connection. HTTPS_PROXY is for servers with TLS only: proxies of that name pass on
// what is encrypted. ALL_PROXY is for all servers. NO_PROXY names servers without a proxy;
// localhost and loopback addresses never have one. Lower-case names of the variables take
// precedence, as in curl.
func FromEnvironment(address string, secure bool) (*Proxy, error) {
	text, source := environment("all_proxy", "ALL_PROXY")
	asked := &url.URL{Scheme: "http", Host: address}
	if secure {
		if own, name := environment("https_proxy", "HTTPS_PROXY"); own != "" {
			text, source = own, name
		}
	}
	if text == "" {
		return nil, nil
	}
	// The library ignores a proxy that it cannot parse. It decides only whether there is one.
	config := httpproxy.Config{HTTPProxy: "http://proxy"}
	config.NoProxy, _ = environment("no_proxy", "NO_PROXY")
	if chosen, err := config.ProxyFunc()(asked); err != nil || chosen == nil {
		return nil, err
	}
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s is not the URL of a proxy, such as http://host:port", source)
	}
	return NewProxy(u, source)
}

// environment returns the first variable that is not empty, and its name.
func environment(names ...string) (value, name string) {
	for _, name := range names {
		if value := os.Getenv(name); value != "" {
			return value, name
		}
	}
	return "", ""
}

// String returns the URL of the proxy without credentials.
func (p *Proxy) String() string { return p.scheme + "://" + net.JoinHostPort(p.host, p.port) }

// Description returns the URL of the proxy without credentials, and the variable that names
// it.
func (p *Proxy) Description() string { return describe(p.String(), p.source) }

func describe(proxy, source string) string {
	if source == "" {
		return proxy
	}
	return proxy + " of " + source
}

func (p *Proxy) explain(err error) error {
	failed := &TunnelError{Proxy: p.String(), Source: p.source, Err: err}
	if refused, ok := errors.AsType[*statusError](err); ok {
		failed.Status = refused.code
	}
	return failed
}
