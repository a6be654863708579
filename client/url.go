package client

import (
	"errors"
	"net/url"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client/internal/route"
)

// URL is the address of a server, or of a file or directory on it:
//
//	grpc://host:port/path    without TLS
//	grpcs://host:port/path   with TLS
//
// The port is required, and a number. An IPv6 address is in brackets, with its zone after
// "%25" or "%": grpc://[fe80::1%25eth0]:50051. The path is percent-encoded where a URL
// requires it. URLs are comparable. The URL of a server has no path.
type URL struct {
	// TLS means that the scheme is grpcs.
	TLS bool
	// Address is "host:port", with IPv6 in brackets and its zone after "%", as Dial accepts
	// it. An internationalized host name is in the form of name servers, "xn--…".
	Address string
	// Path is the decoded path in the server's store, for tranship.Store and package
	// transfer; "" is the root.
	Path string
	// Directory means that the URL ends in '/', or names the root.
	Directory bool
	// Contents means that the URL ends in "/.", or names the root: it stands for the
	// contents of the directory rather than for the directory by its name.
	Contents bool
}

// isURL reports whether text is written as a URL rather than as "host:port".
func isURL(text string) bool { return strings.Contains(text, "://") }

// ParseURL parses a URL. The error is a *tranship.InvalidError for the field "url". It does
// not quote the text, which may contain a password.
func ParseURL(text string) (URL, error) {
	bad := func(rule string) (URL, error) { return URL{}, &tranship.InvalidError{Field: "url", Rule: rule} }
	scheme, rest, ok := strings.Cut(text, "://")
	scheme = strings.ToLower(scheme)
	if !ok || scheme != "grpc" && scheme != "grpcs" {
		return bad("the scheme must be grpc or grpcs: grpc://host:port/path")
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	host, encoded := rest[:end], rest[end:]
	switch {
	case strings.Contains(host, "@"):
		return bad("an address cannot have a user name")
	case strings.Contains(encoded, "?"):
		return bad("write '?' in a path as %3F")
	case strings.Contains(encoded, "#"):
		return bad("write '#' in a path as %23")
	}
	address, err := route.ParseURLHost(host)
	if err != nil {
		return bad(err.Error())
	}
	path, err := url.PathUnescape(encoded)
	if err != nil {
		return bad("not a valid address; write '%' in a path as %25")
	}
	parsed := URL{
		TLS:     scheme == "grpcs",
		Address: address,
		Path:    strings.TrimPrefix(path, "/"),
	}
	if parsed.Path == "." || strings.HasSuffix(parsed.Path, "/.") {
		parsed.Path, parsed.Directory, parsed.Contents = strings.TrimSuffix(parsed.Path, "."), true, true
	}
	if rest, ok := strings.CutSuffix(parsed.Path, "/"); ok {
		parsed.Path, parsed.Directory = rest, true
	}
	if parsed.Path == "" {
		parsed.Directory, parsed.Contents = true, true
		if strings.HasPrefix(path, "//") {
			return bad("a path must not begin with '//'")
		}
	}
	if err := tranship.ValidateDirectory(parsed.Path); err != nil {
		if invalid, ok := errors.AsType[*tranship.InvalidError](err); ok {
			return bad(invalid.Rule)
		}
		return bad(err.Error())
	}
	return parsed, nil
}

// Server returns the URL of the server without a path, as Dial accepts it.
func (u URL) Server() string { return URL{TLS: u.TLS, Address: u.Address}.String() }

// String returns the URL in the form that ParseURL accepts.
func (u URL) String() string {
	written := url.URL{Scheme: "grpc", Host: u.Address, Path: u.Path}
	if u.TLS {
		written.Scheme = "grpcs"
	}
	switch {
	case u.Path == "":
	case u.Contents:
		written.Path += "/."
	case u.Directory:
		written.Path += "/"
	}
	return written.String()
}
