package server

import (
	"errors"
	"fmt"
	"net/url"
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
	switch {
	case strings.ContainsFunc(text, other):
		return errors.New("must be one origin as browsers send it: in lower case, in ASCII, and without *")
	case port == "443" && parsed.Scheme == "https", port == "80" && parsed.Scheme == "http", strings.HasSuffix(text, ":"):
		return errors.New("must be as browsers send it: without the port of its scheme")
	}
	return nil
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
