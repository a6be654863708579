package origin_test

import (
	"net"
	"net/netip"
	"testing"

	"github.com/tranship/tranship/server/internal/origin"
)

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

func tcp(text string) net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(text)) }

// proxy is the address of a trusted proxy, and stranger one that is not trusted.
const (
	proxy    = "10.0.0.1:5000"
	stranger = "203.0.113.9:7000"
)

// TestClient checks which address counts: the last that is not one of a trusted proxy, and
// never one that an untrusted machine could have written.
func TestClient(t *testing.T) {
	trusted := prefixes("10.0.0.0/8", "fd00::/8")
	for _, test := range []struct {
		name   string
		header origin.Header
		peer   string
		values []string
		want   string
	}{
		{"an untrusted peer", origin.XForwardedFor, stranger, []string{"192.0.2.1"}, stranger},
		{"no header", origin.XForwardedFor, proxy, nil, proxy},
		{"an empty header", origin.XForwardedFor, proxy, []string{""}, proxy},
		{"one client", origin.XForwardedFor, proxy, []string{"192.0.2.1"}, "192.0.2.1:0"},
		{"with a port", origin.XForwardedFor, proxy, []string{"192.0.2.1:4711"}, "192.0.2.1:4711"},
		{"IPv6", origin.XForwardedFor, proxy, []string{"2001:db8::1"}, "[2001:db8::1]:0"},
		{"IPv6 in brackets", origin.XForwardedFor, proxy, []string{"[2001:db8::1]"}, "[2001:db8::1]:0"},
		{"IPv6 with a port", origin.XForwardedFor, proxy, []string{"[2001:db8::1]:80"}, "[2001:db8::1]:80"},
		{"IPv4 as IPv6", origin.XForwardedFor, proxy, []string{"::ffff:192.0.2.1"}, "192.0.2.1:0"},
		{"a proxy as IPv6", origin.XForwardedFor, "[::ffff:10.0.0.1]:5000", []string{"192.0.2.1"}, "192.0.2.1:0"},
		{"what the client wrote before", origin.XForwardedFor, proxy, []string{"198.51.100.7, 192.0.2.1"}, "192.0.2.1:0"},
		{"what the client wrote in a line of its own", origin.XForwardedFor, proxy, []string{"198.51.100.7", "192.0.2.1"}, "192.0.2.1:0"},
		{"a chain of proxies", origin.XForwardedFor, proxy, []string{"198.51.100.7, 192.0.2.1, 10.9.9.9", "fd00::5"}, "192.0.2.1:0"},
		{"proxies alone", origin.XForwardedFor, proxy, []string{"10.0.0.7,10.0.0.8"}, "10.0.0.7:0"},
		{"garbage of the client", origin.XForwardedFor, proxy, []string{"\x00,,;=\", 192.0.2.1"}, "192.0.2.1:0"},
		{"garbage of a proxy", origin.XForwardedFor, proxy, []string{"192.0.2.1, unknown"}, proxy},
		{"an empty element", origin.XForwardedFor, proxy, []string{"192.0.2.1,"}, proxy},
		{"garbage behind a trusted hop", origin.XForwardedFor, proxy, []string{"192.0.2.1, what, 10.0.0.2"}, "10.0.0.2:0"},
		{"a zone", origin.XForwardedFor, proxy, []string{"fe80::1%eth0"}, proxy},
		{"a port that is none", origin.XForwardedFor, proxy, []string{"192.0.2.1:70000"}, proxy},
		{"leading zeros", origin.XForwardedFor, proxy, []string{"192.000.002.001"}, proxy},
		{"quotes do not count", origin.XForwardedFor, proxy, []string{`"x, 192.0.2.1`}, "192.0.2.1:0"},

		{"Forwarded", origin.Forwarded, proxy, []string{"for=192.0.2.1"}, "192.0.2.1:0"},
		{"Forwarded with more", origin.Forwarded, proxy, []string{`by=10.0.0.1; FOR="192.0.2.1:4711" ;proto=https;host="a,b;c"`}, "192.0.2.1:4711"},
		{"Forwarded IPv6", origin.Forwarded, proxy, []string{`for="[2001:db8::1]:4711"`}, "[2001:db8::1]:4711"},
		{"Forwarded chain", origin.Forwarded, proxy, []string{`for=198.51.100.7, for=192.0.2.1;host="x,y", for=10.1.1.1`}, "192.0.2.1:0"},
		{"Forwarded unknown", origin.Forwarded, proxy, []string{"for=192.0.2.1, for=unknown"}, proxy},
		{"Forwarded hidden", origin.Forwarded, proxy, []string{"for=_secret"}, proxy},
		{"Forwarded without for", origin.Forwarded, proxy, []string{"proto=https"}, proxy},
		{"Forwarded twice", origin.Forwarded, proxy, []string{"for=192.0.2.1;for=192.0.2.2"}, proxy},
		{"an open quote of the client", origin.Forwarded, proxy, []string{`for=198.51.100.7;x="y, for=192.0.2.1`}, "192.0.2.1:0"},
		{"an open quote before quotes", origin.Forwarded, proxy, []string{`for=198.51.100.7, for=", for="[2001:db8::1]:80"`}, "[2001:db8::1]:80"},
		{"a backslash", origin.Forwarded, proxy, []string{`for="192.0.2.1\"`}, proxy},
	} {
		proxies := origin.Proxies{Trusted: trusted, Header: test.header}
		if got := proxies.Client(tcp(test.peer), test.values).String(); got != test.want {
			t.Errorf("%s: %q from %s is %s, want %s", test.name, test.values, test.peer, got, test.want)
		}
	}
}

// TestNoProxies checks that without trusted proxies no header counts.
func TestNoProxies(t *testing.T) {
	var none origin.Proxies
	if got := none.Client(tcp(proxy), []string{"192.0.2.1"}).String(); got != proxy || none.HeaderName() != "" || none.Trusts(tcp(proxy)) {
		t.Errorf("got %s, header %q", got, none.HeaderName())
	}
	some := origin.Proxies{Trusted: prefixes("0.0.0.0/0", "::/0")}
	for _, address := range []net.Addr{nil, &net.UnixAddr{Name: "@", Net: "unix"}, &net.TCPAddr{}} {
		if got := some.Client(address, []string{"192.0.2.1"}); got != address {
			t.Errorf("%v became %v", address, got)
		}
	}
}

// FuzzClient checks that no header makes a client choose an address: what follows a header
// in the same line, as a trusted proxy adds it, always wins.
func FuzzClient(f *testing.F) {
	for _, seed := range []string{"192.0.2.1", `for="[2001:db8::1]:80"`, `for="x`, ",,", "10.0.0.1, 10.0.0.2", `\",`, "\x00", "fe80::1%eth0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, hostile string) {
		for header, added := range map[origin.Header]string{
			origin.XForwardedFor: "192.0.2.77, 10.0.0.2",
			origin.Forwarded:     `for="192.0.2.77:0";proto=https, for=10.0.0.2`,
		} {
			proxies := origin.Proxies{Trusted: prefixes("10.0.0.0/8"), Header: header}
			for _, values := range [][]string{{hostile + ", " + added}, {hostile, added}} {
				if got := proxies.Client(tcp(proxy), values).String(); got != "192.0.2.77:0" {
					t.Errorf("%q: %s", values, got)
				}
				if got := proxies.Client(tcp(stranger), values).String(); got != stranger {
					t.Errorf("%q of a stranger: %s", values, got)
				}
			}
			proxies.Client(tcp(proxy), []string{hostile}) // must not panic
		}
	})
}
