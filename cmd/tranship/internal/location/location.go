// Package location reads where files are: on this machine, on a server, or in a standard
// stream, as users write it.
package location

import (
	"errors"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
)

// Location is where a file or directory is: on this machine, on a server, or the
// standard input or output.
type Location struct {
	// Arg is what the user wrote.
	Arg  string
	Kind Kind
	// Server says where a remote place is.
	Server Server
	// Path is a remote place's path in its store; "" is the root. Of a local
	// Location it is arg.
	Path string
	// Slash: the place was written with '/' at its end, and so is a directory.
	Slash bool
	// Contents: the place was written with "/." at its end, or has no name of its
	// own: copied into a directory, its contents go there without a name above
	// them.
	Contents bool
}

// Kind is where a location is.
type Kind int

const (
	// Local is on this machine, Remote on a server, and Stream the standard input or output.
	Local Kind = iota
	Remote
	Stream
)

// Server is comparable: two equal ones are the same server.
type Server struct {
	TLS     bool
	Address string // host:port, IPv6 in brackets
}

func (s Server) String() string {
	if s.TLS {
		return "grpcs://" + s.Address
	}
	return "grpc://" + s.Address
}

// URL is where the server is, as client.Dial takes it.
func (s Server) URL() string { return client.URL{TLS: s.TLS, Address: s.Address}.String() }

// Name is the last segment.
func (p Location) Name() string {
	if p.Kind == Local {
		return filepath.Base(p.Path)
	}
	return path.Base(p.Path)
}

// At names a file of the place's server, as a user would write it.
func (s Server) At(path string) string { return s.String() + "/" + path }

var scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)

// Parse reads an argument. Its errors are usage errors.
func Parse(arg string) (Location, error) {
	lower := strings.ToLower(arg)
	switch {
	case arg == "":
		return Location{}, usage.New("a place must not be empty")
	case arg == "-":
		return Location{Arg: arg, Kind: Stream}, nil
	case strings.HasPrefix(lower, "grpc://"), strings.HasPrefix(lower, "grpcs://"):
		return parseRemote(arg)
	case scheme.MatchString(arg), strings.HasPrefix(lower, "grpc:"), strings.HasPrefix(lower, "grpcs:"):
		return Location{}, usage.Errorf("%s: a remote place is grpc://host:port/path or grpcs://host:port/path; a local file of such a name is ./%s", arg, arg)
	case strings.Contains(arg, "\x00"):
		return Location{}, usage.Errorf("%s: a file name must not contain NUL", arg)
	}
	base := filepath.Base(arg)
	// Base cleans: what "a/." ends with is seen only in what was written.
	last := path.Base("/" + strings.TrimRight(filepath.ToSlash(arg), "/"))
	return Location{
		Arg:      arg,
		Path:     arg,
		Slash:    strings.HasSuffix(filepath.ToSlash(arg), "/"),
		Contents: last == "." || last == ".." || last == "/" || base == ".",
	}, nil
}

func parseRemote(arg string) (Location, error) {
	u, err := client.ParseURL(arg)
	if invalid, ok := errors.AsType[*tranship.InvalidError](err); ok {
		return Location{}, usage.Errorf("%s: %s", arg, invalid.Rule)
	}
	return Location{
		Arg:      arg,
		Kind:     Remote,
		Server:   Server{TLS: u.TLS, Address: u.Address},
		Path:     u.Path,
		Slash:    u.Directory,
		Contents: u.Contents,
	}, err
}

// ParseAll reads arguments. Its errors are usage errors.
func ParseAll(args []string) ([]Location, error) {
	places := make([]Location, 0, len(args))
	for _, arg := range args {
		p, err := Parse(arg)
		if err != nil {
			return nil, err
		}
		places = append(places, p)
	}
	return places, nil
}

// ParseRemotes reads arguments that must all be on a server.
func ParseRemotes(args []string) ([]Location, error) {
	places, err := ParseAll(args)
	for _, p := range places {
		if p.Kind != Remote {
			return nil, usage.Errorf("%s: only places on a server, as grpc://host:port/path", p.Arg)
		}
	}
	return places, err
}
