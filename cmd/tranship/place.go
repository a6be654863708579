package main

import (
	"net"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/tranship/tranship"
)

// place is where a file or directory is: on this machine, on a server, or the
// standard input or output.
type place struct {
	// arg is what the user wrote.
	arg  string
	kind placeKind
	// server says where a remote place is.
	server serverPlace
	// path is a remote place's path in its store; "" is the root. Of a local
	// place it is arg.
	path string
	// slash: the place was written with '/' at its end, and so is a directory.
	slash bool
	// contents: the place was written with "/." at its end, or has no name of its
	// own: copied into a directory, its contents go there without a name above
	// them.
	contents bool
}

type placeKind int

const (
	local placeKind = iota
	remote
	stream
)

// serverPlace is comparable: two equal ones are the same server.
type serverPlace struct {
	tls     bool
	address string // host:port, IPv6 in brackets
}

func (s serverPlace) String() string {
	if s.tls {
		return "grpcs://" + s.address
	}
	return "grpc://" + s.address
}

// name is the last segment.
func (p place) name() string {
	if p.kind == local {
		return filepath.Base(p.path)
	}
	return path.Base(p.path)
}

// at names a file of the place's server, as a user would write it.
func (s serverPlace) at(path string) string { return s.String() + "/" + path }

var scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)

// parsePlace reads an argument. Its errors are usage errors.
func parsePlace(arg string) (place, error) {
	lower := strings.ToLower(arg)
	switch {
	case arg == "":
		return place{}, usageError{"a place must not be empty"}
	case arg == "-":
		return place{arg: arg, kind: stream}, nil
	case strings.HasPrefix(lower, "grpc://"), strings.HasPrefix(lower, "grpcs://"):
		return parseRemote(arg)
	case scheme.MatchString(arg), strings.HasPrefix(lower, "grpc:"), strings.HasPrefix(lower, "grpcs:"):
		return place{}, usagef("%s: a remote place is grpc://host:port/path or grpcs://host:port/path; a local file of such a name is ./%s", arg, arg)
	case strings.Contains(arg, "\x00"):
		return place{}, usagef("%s: a file name must not contain NUL", arg)
	}
	base := filepath.Base(arg)
	// Base cleans: what "a/." ends with is seen only in what was written.
	last := path.Base("/" + strings.TrimRight(filepath.ToSlash(arg), "/"))
	return place{
		arg:      arg,
		path:     arg,
		slash:    strings.HasSuffix(filepath.ToSlash(arg), "/"),
		contents: last == "." || last == ".." || last == "/" || base == ".",
	}, nil
}

func parseRemote(arg string) (place, error) {
	bad := func(rule string) (place, error) { return place{}, usagef("%s: %s", arg, rule) }
	u, err := url.Parse(arg)
	switch {
	case err != nil:
		return bad("not a valid address; a remote place is grpc://host:port/path, percent-encoded, with IPv6 in brackets")
	case u.User != nil:
		return bad("an address cannot have a user name")
	case u.RawQuery != "" || u.ForceQuery:
		return bad("write '?' in a path as %3F")
	case u.Fragment != "" || strings.Contains(arg, "#"):
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
	p := place{
		arg:    arg,
		kind:   remote,
		server: serverPlace{tls: u.Scheme == "grpcs", address: net.JoinHostPort(u.Hostname(), strconv.FormatUint(port, 10))},
		path:   strings.TrimPrefix(u.Path, "/"),
	}
	if p.path == "." || strings.HasSuffix(p.path, "/.") {
		p.path, p.slash, p.contents = strings.TrimSuffix(p.path, "."), true, true
	}
	if rest, ok := strings.CutSuffix(p.path, "/"); ok {
		p.path, p.slash = rest, true
	}
	if p.path == "" {
		p.slash, p.contents = true, true
		if strings.HasPrefix(u.Path, "//") {
			return bad("a path must not begin with '//'")
		}
	}
	if err := tranship.ValidateDirectory(p.path); err != nil {
		return bad(err.Error())
	}
	return p, nil
}

func parsePlaces(args []string) ([]place, error) {
	places := make([]place, 0, len(args))
	for _, arg := range args {
		p, err := parsePlace(arg)
		if err != nil {
			return nil, err
		}
		places = append(places, p)
	}
	return places, nil
}

// parseRemotes reads arguments that must all be on a server.
func parseRemotes(args []string) ([]place, error) {
	places, err := parsePlaces(args)
	for _, p := range places {
		if p.kind != remote {
			return nil, usagef("%s: only places on a server, as grpc://host:port/path", p.arg)
		}
	}
	return places, err
}
