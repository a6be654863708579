package server

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// CheckHTTPOrigin returns why text cannot be one of Config.HTTPOrigins, as the end of a sentence that
// begins with the text; nil if it can. An origin is exactly what a browser sends: the scheme, the host
// in lower case, and the port unless it is that of the scheme.
func CheckHTTPOrigin(text string) error {
	if text == "" {
		return errors.New("is empty")
	}
	if err := CheckHTTPURL(text); err != nil {
		return err
	}
	parsed, err := url.Parse(text)
	if err != nil {
		return err
	}
	other := func(r rune) bool { return r <= ' ' || r > '~' || 'A' <= r && r <= 'Z' || r == '*' }
	port := parsed.Port()
	address, err := netip.ParseAddr(parsed.Hostname())
	switch {
	case strings.ContainsFunc(text, other):
		return errors.New("must be one origin as browsers send it: in lower case, in ASCII, and without *")
	case port == "443" && parsed.Scheme == "https", port == "80" && parsed.Scheme == "http", strings.HasSuffix(text, ":"):
		return errors.New("must be as browsers send it: without the port of its scheme")
	case port != "" && !isPort(port):
		return errors.New("must be as browsers send it: with a port from 0 to 65535, without leading zeros")
	case err == nil && address.Is6() && !address.Is4In6() && address.String() != parsed.Hostname():
		return fmt.Errorf("must be as browsers send it: with the host [%v]", address)
	}
	return nil
}

// isPort reports whether text is a port as browsers write it.
func isPort(text string) bool {
	number, err := strconv.ParseUint(text, 10, 16)
	return err == nil && strconv.FormatUint(number, 10) == text
}

// checkHTTPOrigins returns why Config.HTTPOrigins is not valid.
func (c Config) checkHTTPOrigins() error {
	for _, origin := range c.HTTPOrigins {
		if err := CheckHTTPOrigin(origin); err != nil {
			return fmt.Errorf("%q %w", origin, err)
		}
	}
	return nil
}
