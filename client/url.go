package client

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/tranship/tranship"
)

// URL is the address of a server, or of a file or directory on it:
//
//	grpc://host:port/path    without TLS
//	grpcs://host:port/path   with TLS
//
// The port is required. An IPv6 address is in brackets, with its zone after "%25":
// grpc://[fe80::1%25eth0]:50051. The path is percent-encoded where a URL requires it. URLs
// are comparable. The URL of a server has no path.
type URL struct {
	// TLS means that the scheme is grpcs.
	TLS bool
	// Address is "host:port", with IPv6 in brackets.
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
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return bad("not a valid address; write grpc://host:port/path, percent-encoded, with IPv6 in brackets")
	case u.Scheme != "grpc" && u.Scheme != "grpcs":
		return bad("the scheme must be grpc or grpcs: grpc://host:port/path")
	case u.User != nil:
		return bad("an address cannot have a user name")
	case u.RawQuery != "" || u.ForceQuery:
		return bad("write '?' in a path as %3F")
	case u.Fragment != "" || strings.Contains(text, "#"):
		return bad("write '#' in a path as %23")
	case u.Hostname() == "":
		return bad("the host is missing: grpc://host:port/path")
	case strings.Contains(u.Hostname(), ":") && !strings.HasPrefix(u.Host, "["):
		return bad("write an IPv6 address in brackets")
	case u.Port() == "":
		return bad("the port is missing: grpc://host:port/path")
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil || port == 0 {
		return bad("a port must be from 1 to 65535")
	}
	parsed := URL{
		TLS:     u.Scheme == "grpcs",
		Address: net.JoinHostPort(u.Hostname(), strconv.FormatUint(port, 10)),
		Path:    strings.TrimPrefix(u.Path, "/"),
	}
	if parsed.Path == "." || strings.HasSuffix(parsed.Path, "/.") {
		parsed.Path, parsed.Directory, parsed.Contents = strings.TrimSuffix(parsed.Path, "."), true, true
	}
	if rest, ok := strings.CutSuffix(parsed.Path, "/"); ok {
		parsed.Path, parsed.Directory = rest, true
	}
	if parsed.Path == "" {
		parsed.Directory, parsed.Contents = true, true
		if strings.HasPrefix(u.Path, "//") {
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
