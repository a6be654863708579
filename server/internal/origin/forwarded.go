package origin

import (
	"net/netip"
	"strings"
)

// maxElement is the greatest length of one element of a header, in bytes. The longest
// address has less than 64 bytes, and Forwarded may have other parameters beside it.
const maxElement = 1 << 10

// cutLast cuts the last element off a list that is separated by commas. In a Forwarded
// header, commas in quotes do not separate; quotes are counted from the end, so that what
// a client wrote cannot swallow what a proxy has added to it.
func (p Proxies) cutLast(list string) (rest, last string, more bool) {
	quoted := false
	for i := len(list) - 1; i >= 0; i-- {
		switch {
		case list[i] == '"' && p.Header == Forwarded:
			quoted = !quoted
		case list[i] == ',' && !quoted:
			return list[:i], list[i+1:], true
		}
	}
	return "", list, false
}

// hop returns the address in an element of the header.
func (p Proxies) hop(element string) (netip.AddrPort, bool) {
	if len(element) > maxElement {
		return netip.AddrPort{}, false
	}
	if p.Header == Forwarded {
		var ok bool
		if element, ok = forParameter(element); !ok {
			return netip.AddrPort{}, false
		}
	}
	return parseHop(trim(element))
}

// forParameter returns the value of the parameter "for" of an element of a Forwarded
// header, without quotes. RFC 7239, section 4. An element with two of them, or with a
// backslash, which no address needs, is malformed.
func forParameter(element string) (value string, ok bool) {
	if strings.ContainsRune(element, '\\') {
		return "", false
	}
	for rest := element; rest != ""; {
		var pair string
		pair, rest = cutParameter(rest)
		name, text, found := strings.Cut(pair, "=")
		if !found || !strings.EqualFold(trim(name), "for") {
			continue
		}
		if ok {
			return "", false
		}
		value, ok = trim(text), true
	}
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		value = value[1 : len(value)-1]
	}
	return value, ok
}

// cutParameter cuts the first parameter off an element, at a semicolon that is not in
// quotes.
func cutParameter(element string) (pair, rest string) {
	quoted := false
	for i := range len(element) {
		switch {
		case element[i] == '"':
			quoted = !quoted
		case element[i] == ';' && !quoted:
			return element[:i], element[i+1:]
		}
	}
	return element, ""
}

// parseHop parses an address with or without a port: "192.0.2.1", "192.0.2.1:80",
// "2001:db8::1", "[2001:db8::1]" or "[2001:db8::1]:80". Names, such as "unknown", and
// zones, which mean nothing on another machine, are malformed.
func parseHop(text string) (netip.AddrPort, bool) {
	address, err := netip.ParseAddr(text)
	if err == nil && address.Zone() == "" {
		return netip.AddrPortFrom(address.Unmap(), 0), true
	}
	if inner, ok := strings.CutPrefix(text, "["); ok && strings.HasSuffix(inner, "]") {
		address, err := netip.ParseAddr(inner[:len(inner)-1])
		return netip.AddrPortFrom(address, 0), err == nil && address.Is6() && address.Zone() == ""
	}
	both, err := netip.ParseAddrPort(text)
	if err != nil || both.Addr().Zone() != "" {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(both.Addr().Unmap(), both.Port()), true
}

// trim removes the optional white space of HTTP.
func trim(text string) string { return strings.Trim(text, " \t") }
