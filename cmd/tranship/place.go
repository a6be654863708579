package main

import (
	"errors"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
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

// url is where the server is, as client.Dial takes it.
func (s serverPlace) url() string { return client.URL{TLS: s.tls, Address: s.address}.String() }

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
	u, err := client.ParseURL(arg)
	if invalid, ok := errors.AsType[*tranship.InvalidError](err); ok {
		return place{}, usagef("%s: %s", arg, invalid.Rule)
	}
	return place{
		arg:      arg,
		kind:     remote,
		server:   serverPlace{tls: u.TLS, address: u.Address},
		path:     u.Path,
		slash:    u.Directory,
		contents: u.Contents,
	}, err
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
