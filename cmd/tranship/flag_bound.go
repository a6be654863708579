package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
)

// boundValues is a flag whose values are credentials, each for one server: VALUE for the
// only server of a command, or ADDRESS=VALUE for the server at an address. A credential
// never goes to a server that it was not given for.
type boundValues struct {
	// name is the name of the flag or environment variable; what is the placeholder of its
	// value in help and messages.
	name, what string
	// advice tells how to set values for several servers; "" means name ADDRESS=WHAT.
	advice string
	// unaddressed is the value without an address, "" if there is none. bind sets
	// unaddressedFor to the address that it is for.
	unaddressed, unaddressedFor string
	// byAddress has the other values.
	byAddress map[string]string
}

// given reports whether any value was set.
func (b *boundValues) given() bool { return b.unaddressed != "" || len(b.byAddress) > 0 }

// Set implements pflag.Value.
func (b *boundValues) Set(text string) error {
	address, value, bound := cutAddress(text)
	switch {
	case bound && value == "":
		return fmt.Errorf("the %s is missing", strings.ToLower(b.what))
	case bound && b.byAddress == nil:
		b.byAddress = map[string]string{address: value}
	case bound:
		b.byAddress[address] = value
	default:
		b.unaddressed = text
	}
	return nil
}

// String implements pflag.Value.
func (b *boundValues) String() string { return b.unaddressed }

// Type implements pflag.Value.
func (b *boundValues) Type() string { return "[ADDRESS=]" + b.what }

// bind sets the servers of the command. It fails if it is not clear which server a value is
// for.
func (b *boundValues) bind(servers []location.Server) error {
	named := map[string]bool{}
	var others []location.Server // those without a value of their own
	for _, server := range servers {
		address := canonicalAddress(server.Address)
		if _, own := b.byAddress[address]; !own && !named[address] {
			others = append(others, server)
		}
		named[address] = true
	}
	for _, address := range slices.Sorted(maps.Keys(b.byAddress)) {
		if !named[address] {
			return usage.Errorf("%s %s=…: no location of this command is at %s", b.name, address, address)
		}
	}
	if b.unaddressed == "" || len(others) == 0 {
		return nil
	}
	if len(others) > 1 {
		advice := b.advice
		if advice == "" {
			advice = fmt.Sprintf("pass %s ADDRESS=%s for each server that needs one, such as %s %s=%s", b.name, b.what, b.name, others[0].Address, b.what)
		}
		return usage.Errorf("%s: the value is for one server, but the command has %s and %s: %s", b.name, others[0], others[1], advice)
	}
	b.unaddressedFor = canonicalAddress(others[0].Address)
	return nil
}

// valueFor returns the value for a server; "" if there is none. The value without an address
// is for no server before bind.
func (b *boundValues) valueFor(server location.Server) string {
	address := canonicalAddress(server.Address)
	if value, ok := b.byAddress[address]; ok {
		return value
	}
	if b.unaddressed != "" && b.unaddressedFor == address {
		return b.unaddressed
	}
	return ""
}

// cutAddress splits ADDRESS=VALUE. Text without an address is the value itself. An address
// is host:port, optionally with grpc:// or grpcs:// before it; a file with such a name is
// written ./host:port=….
func cutAddress(text string) (address, value string, bound bool) {
	before, value, found := strings.Cut(text, "=")
	if !found {
		return "", text, false
	}
	if !strings.Contains(before, "://") {
		before = "grpc://" + before
	}
	u, err := client.ParseURL(before)
	if err != nil || u.Path != "" {
		return "", text, false
	}
	return u.Address, value, true
}

// canonicalAddress returns the form of an address that comparisons use: that of
// client.ParseURL.
func canonicalAddress(address string) string {
	u, err := client.ParseURL(location.Server{Address: address}.String())
	if err != nil {
		return strings.ToLower(address)
	}
	return u.Address
}

// bind tells the credentials which locations the command has. It must be called before the
// command connects: no credential is sent before it is bound to a server.
func (g *globals) bind(locations []location.Location) error {
	var servers []location.Server
	for _, p := range locations {
		if p.Kind == location.Remote && !p.Server.IsBucket() {
			servers = append(servers, p.Server)
		}
	}
	if err := g.token.bind(servers); err != nil {
		return err
	}
	return g.tls.bind(servers)
}
