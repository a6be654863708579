package location

import (
	"errors"
	"strings"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
)

// BucketScheme is what locations in a bucket begin with, in any letter case.
const BucketScheme = "s3://"

// parseBucket parses a location in a bucket. Its path is written as those on servers.
func parseBucket(arg string) (Location, error) {
	rest := arg[len(BucketScheme):]
	end := strings.IndexByte(rest, '/')
	if end < 0 {
		end = len(rest)
	}
	bucket := rest[:end]
	if bucket == "" || strings.ContainsAny(bucket, "?#@:%") {
		return Location{}, usage.Errorf("%s: write s3://bucket/path, without the address of the engine, for a location in a bucket", arg)
	}
	const host = "grpc://bucket:1" // of a server: only the path is parsed
	u, err := client.ParseURL(host + rest[end:])
	if invalid, ok := errors.AsType[*tranship.InvalidError](err); ok {
		return Location{}, usage.Errorf("%s: %s", arg, invalid.Rule)
	}
	return Location{
		Arg:      arg,
		Kind:     Remote,
		Server:   Server{Bucket: bucket},
		Path:     u.Path,
		Slash:    u.Directory,
		Contents: u.Contents,
	}, err
}

// Below returns the location in the store that has only the part of its bucket below a prefix,
// which is a directory of the bucket. Locations that are not in a bucket are returned as they
// are. Its errors are usage errors.
func (p Location) Below(prefix string) (Location, error) {
	if p.Server.Bucket == "" || prefix == "" {
		return p, nil
	}
	rest, ok := strings.CutPrefix(p.Path+"/", prefix+"/")
	if !ok {
		return Location{}, usage.Errorf("%s: it is not below the prefix %s", p.Arg, prefix)
	}
	p.Server.Prefix, p.Path = prefix, strings.TrimSuffix(rest, "/")
	if p.Path == "" {
		p.Slash, p.Contents = true, true
	}
	return p, nil
}
