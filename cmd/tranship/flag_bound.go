package main

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
)

// boundValues are the values of a flag that says who the client is, each for one server:
// a value alone for the only server of a command, or ADDRESS=VALUE for the one at an
// address. So what is meant for one server never goes to another.
type boundValues struct {
	// name is what the flag, or environment variable, is called; what is its value's
	// name in help and messages.
	name, what string
	// advice is how to say it for several servers; "": name ADDRESS=WHAT.
	advice string
	// plain is the value without an address, "" if there is none; plainFor the address
	// that it is for, once that is known.
	plain, plainFor string
	// of are the others, by address.
	of map[string]string
}

// given reports whether there is any value.
func (b *boundValues) given() bool { return b.plain != "" || len(b.of) > 0 }

// Set implements pflag.Value.
func (b *boundValues) Set(text string) error {
	address, value, bound := cutAddress(text)
	switch {
	case bound && value == "":
		return fmt.Errorf("the %s is missing", strings.ToLower(b.what))
	case bound && b.of == nil:
		b.of = map[string]string{address: value}
	case bound:
		b.of[address] = value
	default:
		b.plain = text
	}
	return nil
}

// String implements pflag.Value.
func (b *boundValues) String() string { return b.plain }

// Type implements pflag.Value.
func (b *boundValues) Type() string { return "[ADDRESS=]" + b.what }

// bind says which servers a command is about. It fails if it is not clear which
// server a value is for.
func (b *boundValues) bind(servers []location.Server) error {
	named := map[string]bool{}
	var others []location.Server
	for _, server := range servers {
		address := canonicalAddress(server.Address)
		if _, own := b.of[address]; !own && !named[address] {
			others = append(others, server)
		}
		named[address] = true
	}
	for _, address := range slices.Sorted(maps.Keys(b.of)) {
		if !named[address] {
			return usage.Errorf("%s %s=…: no place of this command is at %s", b.name, address, address)
		}
	}
	if b.plain == "" || len(others) == 0 {
		return nil
	}
	if len(others) > 1 {
		advice := b.advice
		if advice == "" {
			advice = fmt.Sprintf("write %s ADDRESS=%s for each server that is to have one, as %s %s=%s", b.name, b.what, b.name, others[0].Address, b.what)
		}
		return usage.Errorf("%s: it is for one server, and there are %s and %s: %s", b.name, others[0], others[1], advice)
	}
	b.plainFor = canonicalAddress(others[0].Address)
	return nil
}

// at is the value for a server; "" if it is to have none.
func (b *boundValues) at(server location.Server) string {
	address := canonicalAddress(server.Address)
	if value, ok := b.of[address]; ok {
		return value
	}
	if b.plain != "" && b.plainFor == address {
		return b.plain
	}
	return ""
}

// cutAddress tells ADDRESS=VALUE from a value. An address is host:port, also with grpc://
// or grpcs:// before it; a file of such a name is ./host:port=….
func cutAddress(text string) (address, value string, bound bool) {
	before, value, found := strings.Cut(text, "=")
	if !found {
		return "", text, false
	}
	lower := strings.ToLower(before)
	for _, scheme := range []string{"grpc://", "grpcs://"} {
		if rest, ok := strings.CutPrefix(lower, scheme); ok {
			lower = strings.TrimSuffix(rest, "/")
			break
		}
	}
	host, port, err := net.SplitHostPort(lower)
	if err != nil || host == "" || strings.ContainsAny(host, "/\\ ") {
		return "", text, false
	}
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
		return "", text, false
	}
	return canonicalAddress(lower), value, true
}

// canonicalAddress is the one form in which addresses are compared.
func canonicalAddress(address string) string {
	host, port, err := net.SplitHostPort(strings.ToLower(address))
	if err != nil {
		return strings.ToLower(address)
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.String()
	}
	if number, err := strconv.ParseUint(port, 10, 16); err == nil {
		port = strconv.FormatUint(number, 10)
	}
	return net.JoinHostPort(host, port)
}

// bind says which places a command is about, before any is connected to. Credentials that
// have not been bound go nowhere.
func (g *globals) bind(places []location.Location) error {
	var servers []location.Server
	for _, p := range places {
		if p.Kind == location.Remote {
			servers = append(servers, p.Server)
		}
	}
	if err := g.token.bind(servers); err != nil {
		return err
	}
	return g.tls.bind(servers)
}
