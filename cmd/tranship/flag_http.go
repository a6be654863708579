package main

import (
	"fmt"
	"net"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/server"
)

// httpFlags are the flags of serve for browsers and programs that speak HTTP.
type httpFlags struct {
	address string
	// url is where users reach the listener.
	url string
	// origins are those of other web applications that may use the listener.
	origins []string
	// links are the limits of sharing links.
	links server.Links
	// permitted is the address once it is permitted; nil without --http.
	permitted *net.TCPAddr
}

func (f *httpFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.url, "http-url", "", "`URL` at which users reach --http, such as https://files.example.com, for sharing links and signing in")
	flags.StringArrayVar(&f.origins, "http-origin", nil, "`origin` of another web application, such as https://app.example.com, whose pages may use --http with tokens; may be repeated")
	flags.IntVar(&f.links.PerPrincipal, "max-links", server.DefaultLinksPerPrincipal, "maximum number of sharing links of one principal, at least 1")
	flags.Var(timespan(&f.links.Lifetime, server.DefaultLinkLifetime), "link-lifetime", "how long a sharing link lasts at most if its principal has no token of --tokens; at most 366d")
	flags.StringVar(&f.address, "http", "", "`address` of a listener for browsers and curl, host:port, with the files at /files/ over HTTP or, with TLS, HTTPS")
}

// validate returns all mistakes in the values of the flags.
func (f *httpFlags) validate() error {
	var m usage.Mistakes
	m.If(f.url != "" && server.CheckHTTPURL(f.url) != nil, "http-url", "--http-url %q %v", f.url, server.CheckHTTPURL(f.url))
	m.If(f.url != "" && !f.enabled(), "http-url", "--http-url needs --http")
	for _, origin := range f.origins {
		m.If(server.CheckHTTPOrigin(origin) != nil, "http-origin", "--http-origin %q %v", origin, server.CheckHTTPOrigin(origin))
	}
	m.If(len(f.origins) > 0 && !f.enabled(), "http-origin", "--http-origin needs --http")
	m.If(f.links.PerPrincipal < 1, "max-links", "--max-links %d: it must be at least 1", f.links.PerPrincipal)
	m.If(f.links.Lifetime > server.MaxLinkLifetime, "link-lifetime", "--link-lifetime %v: it must be at most 366d", f.links.Lifetime)
	return m.Err()
}

func (f *httpFlags) enabled() bool { return f.address != "" }

// listen returns a listener at the permitted address; nil without --http.
func (f *httpFlags) listen() (net.Listener, error) {
	if f.permitted == nil {
		return nil, nil //nolint:nilnil // there is none, and that is no error
	}
	listener, err := net.ListenTCP("tcp", f.permitted)
	if err != nil {
		return nil, fmt.Errorf("--http %s: %w", f.address, err)
	}
	return server.HTTPListener{Listener: zonedListener{listener, f.permitted.Zone}}, nil
}
