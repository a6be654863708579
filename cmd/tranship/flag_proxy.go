package main

import (
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/server"
)

// proxyFlags are the flags of serve about proxies before the server.
type proxyFlags struct {
	trusted  []string
	header   string
	protocol bool
}

// The values of --proxy-header.
const (
	headerXForwardedFor = "x-forwarded-for"
	headerForwarded     = "forwarded"
)

func (f *proxyFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.trusted, "trusted-proxy", nil, "`address` or network, such as 10.0.0.0/8, of a proxy that reports the addresses of its clients; may be repeated")
	flags.StringVar(&f.header, "proxy-header", headerXForwardedFor, "header in which the trusted proxies report addresses: `x-forwarded-for|forwarded`")
	flags.BoolVar(&f.protocol, "proxy-protocol", false, "the trusted proxies begin each connection with a header of the PROXY protocol")
	completeValues(cmd, "proxy-header", headerXForwardedFor, headerForwarded)
}

// proxies returns the proxies that the flags describe, or usage.Mistakes.
func (f *proxyFlags) proxies() (server.Proxies, error) {
	var m usage.Mistakes
	proxies := server.Proxies{ProxyProtocol: f.protocol}
	if f.header == headerForwarded {
		proxies.Header = server.Forwarded
	}
	m.If(f.header != headerForwarded && f.header != headerXForwardedFor, "proxy-header",
		"--proxy-header %s: it must be %s or %s", f.header, headerXForwardedFor, headerForwarded)
	for _, text := range f.trusted {
		prefix, err := parsePrefix(text)
		m.If(err != nil, "trusted-proxy", "--trusted-proxy %s: it must be an IP address or a network such as 10.0.0.0/8", text)
		proxies.Trusted = append(proxies.Trusted, prefix)
	}
	needing := "proxy-header"
	if f.protocol {
		needing = "proxy-protocol"
	}
	m.If(len(f.trusted) == 0 && (f.protocol || f.header == headerForwarded), needing,
		"--proxy-protocol and --proxy-header need --trusted-proxy: otherwise every client could claim any address")
	return proxies, m.Err()
}

// parsePrefix parses an address or a network.
func parsePrefix(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		prefix, err := netip.ParsePrefix(text)
		return prefix.Masked(), err
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen()), nil
}
