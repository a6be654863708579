package main

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/tranship/tranship/server"
)

func TestProxyFlags(t *testing.T) {
	for _, test := range []struct {
		flags proxyFlags
		want  *server.Proxies // nil means a usage error
	}{
		{proxyFlags{header: headerXForwardedFor}, &server.Proxies{}},
		{proxyFlags{header: headerForwarded, protocol: true, trusted: []string{"10.1.2.3/8", "::1", "192.0.2.1"}}, &server.Proxies{
			Header: server.Forwarded, ProxyProtocol: true,
			Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("192.0.2.1/32")},
		}},
		{proxyFlags{header: "x-real-ip", trusted: []string{"::1"}}, nil},
		{proxyFlags{header: headerXForwardedFor, protocol: true}, nil},
		{proxyFlags{header: headerForwarded}, nil},
		{proxyFlags{header: headerXForwardedFor, trusted: []string{"proxy.example"}}, nil},
		{proxyFlags{header: headerXForwardedFor, trusted: []string{"10.0.0.0/33"}}, nil},
		{proxyFlags{header: headerXForwardedFor, trusted: []string{""}}, nil},
	} {
		got, err := test.flags.proxies()
		if test.want == nil {
			if err == nil {
				t.Errorf("%+v: accepted as %+v", test.flags, got)
			}
			continue
		}
		if err != nil || got.Header != test.want.Header || got.ProxyProtocol != test.want.ProxyProtocol || !slices.Equal(got.Trusted, test.want.Trusted) {
			t.Errorf("%+v: %+v, %v, want %+v", test.flags, got, err, test.want)
		}
	}
}
