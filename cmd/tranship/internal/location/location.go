// Package location parses the locations that users write: a file of this machine, a path on
// a server or in a bucket, or a standard stream.
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

// Location names a file or directory of this machine or of a server, or the standard input
// or output.
type Location struct {
	// Arg is what the user wrote.
	Arg  string
	Kind Kind
	// Server is set if Kind is Remote.
	Server Server
	// Path is the path in the store if Kind is Remote, where "" is the root; Arg if Kind is
	// Local.
	Path string
	// Slash reports that the location ends in '/', and so is a directory.
	Slash bool
	// Contents reports that the location ends in "/." or has no name of its own: copied
	// into a directory, its contents go directly into it.
	Contents bool
}

// Kind is the kind of a Location.
type Kind int

// Local is on this machine, Remote on a server or in a bucket, and Stream the standard input or
// output.
const (
	Local Kind = iota
	Remote
	Stream
)

// Server is the address of a server, or the name of a bucket that is used without one. Servers
// with equal values are the same server.
type Server struct {
	TLS     bool
	Address string // host:port, IPv6 in brackets; "" for a bucket
	// Bucket is the name of a bucket of S3; "" for a server. Prefix is the directory of the
	// bucket that paths begin at; "" for the whole bucket.
	Bucket, Prefix string
}

// IsBucket reports whether it is a bucket, and not a server.
func (s Server) IsBucket() bool { return s.Bucket != "" }

// String returns the URL of the server or the bucket for messages.
func (s Server) String() string {
	if s.IsBucket() {
		return strings.TrimSuffix(BucketScheme+s.Bucket+"/"+s.Prefix, "/")
	}
	address := strings.ReplaceAll(s.Address, "%", "%25") // the zone of an IPv6 address
	if s.TLS {
		return "grpcs://" + address
	}
	return "grpc://" + address
}

// URL returns the URL of the server for client.Dial. It must not be a bucket.
func (s Server) URL() string { return client.URL{TLS: s.TLS, Address: s.Address}.String() }

// Name returns the last segment of the path.
func (p Location) Name() string {
	if p.Kind == Local {
		return filepath.Base(p.Path)
	}
	return path.Base(p.Path)
}

// At returns the location of a path on the server, for messages.
func (s Server) At(path string) string { return s.String() + "/" + path }

var scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)

// Parse parses an argument. Its errors are usage errors.
func Parse(arg string) (Location, error) {
	lower := strings.ToLower(arg)
	switch {
	case arg == "":
		return Location{}, usage.New("a location must not be empty")
	case arg == "-":
		return Location{Arg: arg, Kind: Stream}, nil
	case strings.HasPrefix(lower, "grpc://"), strings.HasPrefix(lower, "grpcs://"):
		return parseRemote(arg)
	case strings.HasPrefix(lower, BucketScheme):
		return parseBucket(arg)
	case scheme.MatchString(arg), strings.HasPrefix(lower, "grpc:"), strings.HasPrefix(lower, "grpcs:"):
		return Location{}, usage.Errorf("%s: write grpc://host:port/path or grpcs://host:port/path for a location on a server, s3://bucket/path for one in a bucket, and ./%s for a local file of that name", arg, arg)
	case strings.Contains(arg, "\x00"):
		return Location{}, usage.Errorf("%s: a file name must not contain NUL", arg)
	}
	base := filepath.Base(arg)
	// filepath.Base cleans the name, so a final "/." must be found in the argument itself.
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

// ParseAll parses all arguments. Its errors are usage errors.
func ParseAll(args []string) ([]Location, error) {
	locations := make([]Location, 0, len(args))
	for _, arg := range args {
		p, err := Parse(arg)
		if err != nil {
			return nil, err
		}
		locations = append(locations, p)
	}
	return locations, nil
}

// ParseRemotes parses arguments that must all be on a server or in a bucket. Its errors are usage errors.
func ParseRemotes(args []string) ([]Location, error) {
	locations, err := ParseAll(args)
	for _, p := range locations {
		if p.Kind != Remote {
			return nil, usage.Errorf("%s: it must be a location on a server, such as grpc://host:port/path, or in a bucket, s3://bucket/path", p.Arg)
		}
	}
	return locations, err
}
