package httpadmission

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/tranship/tranship"
)

// checkSource refuses requests that a page of another site has made a browser send.
func (a *Adapter) checkSource(r *http.Request) error {
	if len(r.Header.Values("Authorization")) == 0 && !isGuest(r) { // what a browser sends by itself
		if err := a.SameOrigin(r); err != nil {
			return err
		}
	}
	return a.checkHost(r)
}

// SameOrigin returns an error that matches tranship.ErrDenied if a page of another site has made a
// browser send a request that may change something. Requests of other programs pass, and so do GET
// and HEAD.
func (a *Adapter) SameOrigin(r *http.Request) error {
	if err := a.crossOrigin.Check(r); err != nil {
		return fmt.Errorf("%w: a page of another site has made this request: %w", tranship.ErrDenied, err)
	}
	return nil
}

// checkHost refuses names of other sites if everything that can connect may do something. A site can
// make its own name lead to this machine, so that a browser takes the server for that site (DNS
// rebinding). Over TLS a browser compares the name itself. A site cannot have a name without a dot.
func (a *Adapter) checkHost(r *http.Request) error {
	if r.TLS != nil || !a.door.AdmitsAnonymous() || !isLoopback(r) {
		return nil
	}
	host := strings.ToLower(hostOf(r.Host))
	if a.options.URL != nil && strings.EqualFold(host, a.options.URL.Hostname()) {
		return nil
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	if name := strings.TrimSuffix(host, "."); !strings.Contains(name, ".") || strings.HasSuffix(name, ".localhost") {
		return nil
	}
	return WithStatus(fmt.Errorf("%w: this server, which serves callers without credentials on its own machine, is not known as %q: "+
		"open it as localhost, or set its URL", tranship.ErrDenied, host), http.StatusMisdirectedRequest)
}

// hostOf returns the value of a Host header without port and brackets.
func hostOf(value string) string {
	if host, _, err := net.SplitHostPort(value); err == nil {
		return host
	}
	return strings.TrimSuffix(strings.TrimPrefix(value, "["), "]")
}

// isLoopback reports whether a request has come to a loopback address.
func isLoopback(r *http.Request) bool {
	address, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ok && address.IP.IsLoopback()
}

// IsSafe reports whether a cookie with credentials does not cross a network in plaintext in response
// to a request, and whether browsers may be told to send it over TLS alone.
func (a *Adapter) IsSafe(r *http.Request) (safe, secure bool) {
	secure = r.TLS != nil || a.options.URL != nil && a.options.URL.Scheme == "https"
	return r.TLS != nil || isLoopback(r), secure
}
