package route

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// maxHost is the length of the longest host name, in bytes. RFC 1035, section 2.3.4.
const maxHost = 253

// Parse returns the canonical form of an address as a program writes it, "host:port". An
// IPv6 address is in brackets, with its zone after "%". An empty host is this machine. The
// error is the rule that text breaks; it does not quote text.
func Parse(text string) (string, error) {
	if strings.HasPrefix(text, ":") {
		text = "localhost" + text
	}
	return parse(text, func(zone string) (string, error) { return zone, nil })
}

// ParseURLHost is Parse for the host and port in a URL. Its zone is after "%25" and
// percent-encoded, as RFC 6874, section 2, demands, or after "%" as it is. An empty host is
// an error.
func ParseURLHost(text string) (string, error) {
	return parse(text, func(zone string) (string, error) {
		encoded, ok := strings.CutPrefix(zone, "25")
		if !ok {
			return zone, nil
		}
		return url.PathUnescape(encoded)
	})
}

func parse(text string, decodeZone func(string) (string, error)) (string, error) {
	var host, port string
	if rest, ok := strings.CutPrefix(text, "["); ok {
		inside, after, closed := strings.Cut(rest, "]")
		if !closed {
			return "", errors.New("the ']' of the IPv6 address is missing")
		}
		ip, err := parseIPv6(inside, decodeZone)
		if err != nil {
			return "", err
		}
		if after != "" && !strings.HasPrefix(after, ":") {
			return "", errors.New("after the ']' of an IPv6 address only a port can follow")
		}
		host, port = ip, strings.TrimPrefix(after, ":")
	} else {
		before, after, _ := strings.Cut(text, ":")
		if strings.Contains(after, ":") {
			return "", errors.New("write an IPv6 address in brackets")
		}
		name, err := parseName(before)
		if err != nil {
			return "", err
		}
		host, port = name, after
	}
	if port == "" {
		return "", errors.New("the port is missing: grpc://host:port/path")
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 {
		return "", errors.New("a port must be a number from 1 to 65535")
	}
	return net.JoinHostPort(host, strconv.FormatUint(number, 10)), nil
}

// parseIPv6 parses what is between the brackets.
func parseIPv6(text string, decodeZone func(string) (string, error)) (string, error) {
	address, zone, zoned := strings.Cut(text, "%")
	ip, err := netip.ParseAddr(address)
	if err != nil || !ip.Is6() {
		return "", errors.New("in brackets must be an IPv6 address")
	}
	if !zoned {
		return ip.String(), nil
	}
	zone, err = decodeZone(zone)
	if err != nil || zone == "" || strings.ContainsFunc(zone, isForbiddenInZone) || ip.Is4In6() {
		return "", errors.New("the zone after '%' must be the name or number of a network interface: [fe80::1%25eth0]")
	}
	return ip.WithZone(zone).String(), nil
}

// isForbiddenInZone reports whether a zone must not have a character because it ends a part
// of an address, or of a line of a file of known hosts.
func isForbiddenInZone(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune("[]/?#%\\\"", r)
}

// parseName returns a host name in the form that name servers and certificates have: other
// letters than those of ASCII are encoded, and it is in lower case. RFC 5891.
func parseName(name string) (string, error) {
	if name == "" {
		return "", errors.New("the host is missing: grpc://host:port/path")
	}
	if len(name) > 4*maxHost { // encoding takes time that grows with the square
		return "", errors.New("a host name must not have more than 253 bytes")
	}
	if !isASCII(name) {
		if !utf8.ValidString(name) {
			return "", errors.New("the host is not valid UTF-8")
		}
		encoded, err := idna.Lookup.ToASCII(name)
		if err != nil {
			return "", errors.New("the host is not a valid internationalized domain name")
		}
		name = encoded
	}
	if len(strings.TrimSuffix(name, ".")) > maxHost {
		return "", errors.New("a host name must not have more than 253 bytes")
	}
	for _, label := range strings.Split(strings.TrimSuffix(name, "."), ".") {
		if label == "" || len(label) > 63 {
			return "", errors.New("each label of a host name must have from 1 to 63 bytes")
		}
	}
	// Names of hosts have no underscore, but those of containers do.
	if strings.ContainsFunc(name, func(r rune) bool { return !isNameByte(r) }) {
		return "", errors.New("a host name must consist of letters, digits, '-', '_' and '.'")
	}
	return strings.ToLower(name), nil
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf })
}

func isNameByte(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.", r)
}

// WithoutZone returns a host without the zone of an IPv6 address.
func WithoutZone(host string) string {
	ip, err := netip.ParseAddr(host)
	if err != nil || ip.Zone() == "" {
		return host
	}
	return ip.WithZone("").String()
}
