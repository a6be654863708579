package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/cmd/tranship/internal/copycmd"
	"github.com/tranship/tranship/cmd/tranship/internal/location"
	"github.com/tranship/tranship/cmd/tranship/internal/telemetry"
	"github.com/tranship/tranship/cmd/tranship/internal/usage"
	"github.com/tranship/tranship/store/disk"
	"github.com/tranship/tranship/store/s3"
)

// storeFlags are the flags of serve that name a store in a bucket.
type storeFlags struct {
	bucketFlags
	url         string
	acceptRaces bool
}

func (f *storeFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.url, "store", "", "bucket to serve instead of --root, as a `URL`: s3://bucket/prefix; several servers may serve one")
	f.bucketFlags.add(flags)
	flags.BoolVar(&f.acceptRaces, "s3-accept-races", false, "allow conditions on large files although the S3 engine does not check them: other writers of the bucket may change a file between check and change")
}

// enabled reports whether the server serves a bucket.
func (f *storeFlags) enabled() bool { return f.url != "" }

// bucket returns the bucket and the prefix in --store.
func (f *storeFlags) bucket() (location.Server, error) {
	p, err := location.Parse(f.url)
	if err != nil || !p.Server.IsBucket() {
		return location.Server{}, usage.AtFlag("store", usage.Errorf("--store %s: it must be s3://bucket or s3://bucket/prefix", f.url))
	}
	return location.Server{Bucket: p.Server.Bucket, Prefix: p.Path}, nil
}

func (f *storeFlags) validate() error {
	var m usage.Mistakes
	if !f.enabled() {
		given := f.given()
		if f.acceptRaces {
			given = append(given, "s3-accept-races")
		}
		if len(given) > 0 {
			return usage.AtFlag(given[0], usage.New("the flags that begin with --s3- need --store, the bucket to serve"))
		}
		return nil
	}
	_, err := f.bucket()
	m.Add(f.bucketFlags.validate(), err)
	return m.Err()
}

// validateStore checks the flags that choose a store.
func (f *serveFlags) validateStore() error {
	var m usage.Mistakes
	m.If(f.root == "" && !f.store.enabled(), "root", "--root is missing: pass the directory to serve, or a bucket with --store")
	if f.store.enabled() {
		m.If(f.root != "", "root", "--root and --store exclude each other: pass the directory or the bucket to serve")
		m.If(f.tls.mode != "" && f.tls.dir == "", "tls", "--tls self-signed needs --tls-dir with --store, because there is no root to keep the key in")
		for _, flag := range []struct {
			name  string
			given bool
		}{{"root-must-exist", f.rootMustExist}, {"min-free", f.minFree != 0}, {"mode-mask", f.modeMask != 0}} {
			if flag.given {
				m.If(true, flag.name, "--root-must-exist, --min-free and --mode-mask are about directories: they cannot be used with --store")
				break
			}
		}
	}
	m.Add(f.store.validate())
	return m.Err()
}

// closingStore is a store that must be closed.
type closingStore interface {
	tranship.Store
	io.Closer
}

// openStore opens the store that the flags name.
func (f *serveFlags) openStore(ctx context.Context, logger *slog.Logger, exports *telemetry.Telemetry) (closingStore, error) {
	if f.store.enabled() {
		bucket, err := f.store.bucket()
		if err != nil {
			return nil, err
		}
		options := f.store.options(bucket)
		options.AcceptRaces, options.UploadExpiry, options.Logger = f.store.acceptRaces, f.uploadExpiry, logger
		options.Around = exports.Engine()
		store, err := s3.Open(ctx, options)
		if err != nil {
			return nil, fmt.Errorf("--store %s: %w", f.store.url, f.store.advise(err))
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
