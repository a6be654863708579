package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/copycmd"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/store/disk"
	"github.com/tranship/tranship/store/s3"
)

// bucketScheme is what the value of --store begins with.
const bucketScheme = "s3://"

// storeFlags are the flags of serve that name a store in a bucket.
type storeFlags struct {
	url         string
	endpoint    string
	region      string
	pathStyle   bool
	ca          string
	acceptRaces bool
	memory      byteSize
}

func (f *storeFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.url, "store", "", "bucket to serve instead of --root, as a `URL`: s3://bucket/prefix; several servers may serve one")
	flags.StringVar(&f.endpoint, "s3-endpoint", "", "`URL` of the S3 engine, such as https://s3.example.com (default AWS)")
	flags.StringVar(&f.region, "s3-region", "", "`region` of the bucket (default that of the environment)")
	flags.BoolVar(&f.pathStyle, "s3-path-style", false, "name the bucket in the path of requests and not in the host, as most engines other than AWS need")
	flags.StringVar(&f.ca, "s3-ca", "", "PEM `file` of authorities to trust for the S3 engine, in addition to those of the system")
	flags.BoolVar(&f.acceptRaces, "s3-accept-races", false, "allow conditions on large files although the S3 engine does not check them: other writers of the bucket may change a file between check and change")
	flags.Var(&f.memory, "s3-memory", "`size` of memory for parts on their way to the S3 engine, beside --memory-limit (default 256MiB)")
}

// enabled reports whether the server serves a bucket.
func (f *storeFlags) enabled() bool { return f.url != "" }

// location returns the bucket and the prefix in --store.
func (f *storeFlags) location() (bucket, prefix string, err error) {
	rest, ok := strings.CutPrefix(f.url, bucketScheme)
	bucket, prefix, _ = strings.Cut(rest, "/")
	if prefix = strings.Trim(prefix, "/"); !ok || bucket == "" || strings.ContainsAny(bucket, "?#@:") || tranship.ValidateDirectory(prefix) != nil {
		return "", "", usage.Errorf("--store %s: it must be s3://bucket or s3://bucket/prefix", f.url)
	}
	return bucket, prefix, nil
}

func (f *storeFlags) validate() error {
	if !f.enabled() {
		if f.endpoint != "" || f.region != "" || f.pathStyle || f.ca != "" || f.acceptRaces || f.memory != 0 {
			return usage.New("the flags that begin with --s3- need --store, the bucket to serve")
		}
		return nil
	}
	if f.endpoint != "" {
		endpoint, err := url.Parse(f.endpoint)
		if err != nil || endpoint.Scheme != "http" && endpoint.Scheme != "https" || endpoint.Host == "" {
			return usage.Errorf("--s3-endpoint %s: it must be a URL such as https://s3.example.com", f.endpoint)
		}
	}
	if f.memory != 0 && f.memory < 64<<20 {
		return usage.Errorf("--s3-memory %d bytes: it must be at least 64MiB, which one part may have", f.memory)
	}
	_, _, err := f.location()
	return err
}

// validateStore checks the flags that choose a store.
func (f serveFlags) validateStore() error {
	switch {
	case f.root == "" && !f.store.enabled():
		return usage.New("--root is missing: pass the directory to serve, or a bucket with --store")
	case f.root != "" && f.store.enabled():
		return usage.New("--root and --store exclude each other: pass the directory or the bucket to serve")
	case f.store.enabled() && f.tls.mode != "" && f.tls.dir == "":
		return usage.New("--tls self-signed needs --tls-dir with --store, because there is no root to keep the key in")
	case f.store.enabled() && (f.rootMustExist || f.minFree != 0 || f.modeMask != 0):
		return usage.New("--root-must-exist, --min-free and --mode-mask are about directories: they cannot be used with --store")
	}
	return f.store.validate()
}

// closingStore is a store that must be closed.
type closingStore interface {
	tranship.Store
	io.Closer
}

// openStore opens the store that the flags name.
func (f serveFlags) openStore(ctx context.Context, logger *slog.Logger) (closingStore, error) {
	if f.store.enabled() {
		bucket, prefix, err := f.store.location()
		if err != nil {
			return nil, err
		}
		store, err := s3.Open(ctx, s3.Options{
			Bucket: bucket, Prefix: prefix, Endpoint: f.store.endpoint, Region: f.store.region, PathStyle: f.store.pathStyle,
			CAFile: f.store.ca, AcceptRaces: f.store.acceptRaces, Memory: int64(f.store.memory), UploadExpiry: f.uploadExpiry, Logger: logger,
		})
		if err != nil {
			return nil, fmt.Errorf("--store %s: %w", f.store.url, err)
		}
		return store, nil
	}
	store, err := disk.Open(f.root, disk.Options{
		Logger:        logger,
		Durability:    tranship.Durability(f.durability),
		MinDurability: tranship.Durability(f.minDurability),
		MinFreeBytes:  int64(f.minFree),
		UploadExpiry:  f.uploadExpiry,
		ModeMask:      fs.FileMode(f.modeMask),
		MustExist:     f.rootMustExist,
	})
	if err != nil {
		return nil, fmt.Errorf("--root %s: %w", f.root, copycmd.LocalError(err))
	}
	return store, nil
}
