package main

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/store/s3"
)

// bucketFlags are the flags that say how to reach buckets. They are those of serve and of the
// commands with locations.
type bucketFlags struct {
	endpoint  string
	region    string
	pathStyle bool
	ca        string
	memory    byteSize
}

func (f *bucketFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.endpoint, "s3-endpoint", "", "`URL` of the S3 engine, such as https://s3.example.com (default that of the environment, or AWS)")
	flags.StringVar(&f.region, "s3-region", "", "`region` of the bucket (default that of the environment)")
	flags.BoolVar(&f.pathStyle, "s3-path-style", false, "name the bucket in the path of requests and not in the host, as most engines other than AWS need")
	flags.StringVar(&f.ca, "s3-ca", "", "PEM `file` of authorities to trust for the S3 engine, in addition to those of the system")
	flags.Var(&f.memory, "s3-memory", "`size` of memory for parts on their way to the S3 engine (default 256MiB); for serve, beside --memory-limit")
}

// given returns the names of the flags that are set.
func (f *bucketFlags) given() (names []string) {
	for _, flag := range []struct {
		name  string
		given bool
	}{
		{"s3-endpoint", f.endpoint != ""},
		{"s3-region", f.region != ""},
		{"s3-path-style", f.pathStyle},
		{"s3-ca", f.ca != ""},
		{"s3-memory", f.memory != 0},
	} {
		if flag.given {
			names = append(names, flag.name)
		}
	}
	return names
}

func (f *bucketFlags) validate() error {
	var m usage.Mistakes
	if f.endpoint != "" {
		endpoint, err := url.Parse(f.endpoint)
		m.If(err != nil || endpoint.Scheme != "http" && endpoint.Scheme != "https" || endpoint.Host == "",
			"s3-endpoint", "--s3-endpoint %s: it must be a URL such as https://s3.example.com", f.endpoint)
	}
	m.If(f.memory != 0 && f.memory < 64<<20, "s3-memory", "--s3-memory %d bytes: it must be at least 64MiB, which one part may have", f.memory)
	return m.Err()
}

// options returns the options of the store in a bucket.
func (f *bucketFlags) options(bucket location.Server) s3.Options {
	return s3.Options{
		Bucket: bucket.Bucket, Prefix: bucket.Prefix,
		Endpoint: f.endpoint, Region: f.region, PathStyle: f.pathStyle, CAFile: f.ca, Memory: int64(f.memory),
	}
}

// advise adds to the error of opening a bucket what can help.
func (f *bucketFlags) advise(err error) error {
	if failed, ok := errors.AsType[*s3.RegionError](err); ok {
		return fmt.Errorf("%w; pass --s3-region %s", err, failed.Region)
	}
	if _, ok := errors.AsType[*s3.CredentialsError](err); ok {
		return fmt.Errorf("%w; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE", err)
	}
	return err
}

// locationBucketFlags are bucketFlags of a command with locations.
type locationBucketFlags struct {
	bucketFlags
	// prefix is the directory of the buckets that the store begins at.
	prefix string
}

func (f *locationBucketFlags) add(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	f.bucketFlags.add(flags)
	flags.StringVar(&f.prefix, "s3-prefix", "", "`prefix` in --store s3://bucket/prefix of the servers of the bucket, or below which alone the credentials may write: the state of uploads is kept there")
}

// place returns the locations with the prefix applied. Its errors are usage errors.
func (f *locationBucketFlags) place(locations []location.Location) ([]location.Location, error) {
	if !slices.ContainsFunc(locations, func(p location.Location) bool { return p.Server.IsBucket() }) {
		if len(f.given()) > 0 || f.prefix != "" {
			return nil, usage.New("the flags that begin with --s3- need a location in a bucket, s3://bucket/path")
		}
		return locations, nil
	}
	if err := f.validate(); err != nil {
		return nil, err
	}
	prefix := strings.Trim(f.prefix, "/")
	if tranship.ValidateDirectory(prefix) != nil {
		return nil, usage.Errorf("--s3-prefix %s: it must be a path, such as team/files", f.prefix)
	}
	placed := make([]location.Location, len(locations))
	for i, p := range locations {
		var err error
		if placed[i], err = p.Below(prefix); err != nil {
			return nil, err
		}
	}
	return placed, nil
}

// locations parses the arguments of a command. Its errors are usage errors.
func (g *globals) locations(args []string) ([]location.Location, error) {
	locations, err := location.ParseAll(args)
	if err != nil {
		return nil, err
	}
	return g.bucket.place(locations)
}

// remotes parses arguments that must all be on a server or in a bucket. Its errors are usage
// errors.
func (g *globals) remotes(args []string) ([]location.Location, error) {
	locations, err := location.ParseRemotes(args)
	if err != nil {
		return nil, err
	}
	return g.bucket.place(locations)
}
