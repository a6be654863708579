// Package s3 is a store in a bucket of an S3-compatible engine. Any number of servers may use
// one bucket at the same time, and go on with each other's uploads.
//
// A file is the object of its path, below the prefix of the store, so that other tools can
// read it. The store keeps its own objects below the prefix in .tranship/.
//
// # What is weaker than in a directory
//
//   - Move copies, and then removes the source. A reader may see both for a moment, and never
//     neither.
//   - Several servers: that a file blocks the paths below it is checked with what a server
//     has seen within the last seconds. Two servers at the same moment can make a file and one
//     below it. Within one server this is atomic.
//   - A file that another server replaces without a condition by the same bytes, at the moment
//     of a change under a condition on its version, does not make that change fail.
//   - A list describes files with a request for each, 32 at a time.
package s3

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/semaphore"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/keyedlock"
)

const (
	// DefaultMemory is how many bytes of parts a store keeps in memory, 256 MiB.
	DefaultMemory = 256 << 20
	// DefaultUploadExpiry is the time without a write after which an unfinished upload is
	// removed, 7 days.
	DefaultUploadExpiry = 7 * 24 * time.Hour
	// DefaultStall is how long a request may move no byte, 30 seconds.
	DefaultStall = 30 * time.Second

	// commitExpiry is how long a commit is remembered, 1 day.
	commitExpiry = 24 * time.Hour
)

// Options say where a store is and how to reach it. Bucket must be set.
type Options struct {
	// Bucket is the name of the bucket, which must exist.
	Bucket string
	// Prefix is what the keys of all objects begin with, such as "team/files"; "" for the
	// whole bucket. Its rules are those of tranship.ValidateDirectory.
	Prefix string
	// Endpoint is the URL of the engine, such as "https://s3.example.com"; "" for AWS. It may
	// have no path.
	Endpoint string
	// Region is the region of the bucket; "" for the one of the environment, and "us-east-1"
	// if that has none.
	Region string
	// PathStyle makes requests name the bucket in the path, and not in the host. Most
	// engines other than AWS need it.
	PathStyle bool
	// AccessKeyID, SecretAccessKey and SessionToken are the credentials. If AccessKeyID is
	// "", they are those that the environment has, in the order in which AWS's tools look.
	AccessKeyID, SecretAccessKey, SessionToken string
	// CAFile is a PEM file of authorities that the store trusts in addition to those of the
	// system; "" for none. It is read once.
	CAFile string
	// Transport makes the requests instead of a transport of the store's own; CAFile does
	// not apply to it.
	Transport http.RoundTripper
	// Around, unless it is nil, returns what makes the requests, given what made them
	// otherwise, for example to trace them. The context of a request is derived from that of the
	// method of the store that needs it.
	Around func(http.RoundTripper) http.RoundTripper

	// ReadOnly makes Open not ask what the engine does, which needs the right to write, and
	// makes all that would change the bucket fail with tranship.ErrUnsupported.
	ReadOnly bool
	// Memory is how many bytes of parts are in memory at most; 0 means DefaultMemory. It must
	// be enough for one part, which has up to 64 MiB for files of up to 625 GiB. One upload takes
	// up to 64 MiB of it, or two parts if these are longer.
	Memory int64
	// PartSize is the length of the parts of uploads in bytes, which must be one that the
	// engine takes; 0 means 8 to 16 MiB, and more for files that need it.
	PartSize int64
	// UploadExpiry is the time without a write after which an unfinished upload is removed;
	// 0 means DefaultUploadExpiry.
	UploadExpiry time.Duration
	// AcceptRaces makes the store take conditions on large files although the engine does not
	// check them. The servers of the store exclude each other then, but other writers of the
	// bucket can change a file between the check and the change.
	AcceptRaces bool
	// Logger is told what the engine lacks, and of failures in the background; nil for no
	// log.
	Logger *slog.Logger
	// Stall is how long a request may move no byte until it is repeated; 0 means
	// DefaultStall.
	Stall time.Duration
}

// Store is a store in a bucket. It is safe for concurrent use. Use Open to create one.
type Store struct {
	client  *awss3.Client
	puts    *plainPuts
	bucket  string
	keys    keys
	options Options
	// atOnce is uploadsAtOnce, and less in tests.
	atOnce int
	// slots has an element for each request that counts for allParallel.
	slots chan struct{}
	// memory has the bytes that parts may still take.
	memory *semaphore.Weighted

	// sides and paths make the changes of this process to a path atomic: see claim.
	sides sides
	paths keyedlock.Locks
	// begins serializes Begin of each resumable upload.
	begins keyedlock.Locks
	seen   *seen

	records recordCache
	entries entryCache

	// features are what the engine does, and unquoted is the part of the client that copes
	// with one that it may lack.
	features features
	unquoted unquoting
	logger   *slog.Logger

	// stop ends what runs in the background.
	stop       context.CancelFunc
	background sync.WaitGroup

	mu sync.Mutex
	// open has all uploads of this process.
	open map[*upload]struct{}
	// kept has the small uploads that keep their bytes until they are committed, and waiting is
	// how many callers wait for memory.
	kept    map[*upload]struct{}
	waiting int
	// current has the uploads of this process that can be resumed, by their session.
	current map[string]*upload
}

var _ tranship.Store = (*Store)(nil)

// Open returns the store in a bucket. It makes requests to find out whether the bucket is
// there and which features the engine has, and fails if it lacks one that the store needs. The
// error is a *CredentialsError if there are no credentials, a *RegionError if the bucket is in
// another region, and matches tranship.ErrNotFound if there is no bucket, tranship.ErrDenied if
// the engine refuses the credentials, tranship.ErrUnsupported if the engine lacks a feature, and
// tranship.ErrUnavailable if it does not answer.
// ctx applies to Open only. The caller must call Close.
func Open(ctx context.Context, options Options) (*Store, error) {
	if options.Bucket == "" {
		return nil, &tranship.InvalidError{Field: "bucket", Rule: "the name of the bucket must be set"}
	}
	options.Prefix = strings.Trim(options.Prefix, "/")
	if err := tranship.ValidateDirectory(options.Prefix); err != nil {
		return nil, fmt.Errorf("the prefix of the store: %w", err)
	}
	if options.Memory <= 0 {
		options.Memory = DefaultMemory
	}
	if options.UploadExpiry <= 0 {
		options.UploadExpiry = DefaultUploadExpiry
	}
	if options.Stall <= 0 {
		options.Stall = DefaultStall
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Store{
		bucket:  options.Bucket,
		keys:    newKeys(options.Prefix),
		options: options,
		atOnce:  uploadsAtOnce,
		slots:   make(chan struct{}, allParallel),
		memory:  semaphore.NewWeighted(options.Memory),
		seen:    newSeen(),
		logger:  options.Logger,
		current: make(map[string]*upload),
		open:    make(map[*upload]struct{}),
		kept:    make(map[*upload]struct{}),
	}
	var err error
	if s.client, err = newClient(ctx, options, &s.unquoted); err != nil {
		return nil, err
	}
	s.puts = newPlainPuts(s.client)
	if err := s.CheckHealth(ctx); err != nil {
		return nil, err
	}
	if options.ReadOnly {
		s.stop = func() {}
		return s, nil
	}
	if err := s.probe(ctx); err != nil {
		return nil, err
	}
	if lacks := s.features.lacks(); len(lacks) > 0 {
		s.logger.Warn("the S3 engine lacks features, and the store does without", "lacks", lacks)
	}
	sweeping, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	s.background.Go(func() { s.sweepUntil(sweeping) })
	return s, nil
}

var _ tranship.HealthChecker = (*Store)(nil)

// CheckHealth implements tranship.HealthChecker. It asks for the bucket.
func (s *Store) CheckHealth(ctx context.Context) error {
	_, err := s.client.HeadBucket(ctx, &awss3.HeadBucketInput{Bucket: &s.bucket})
	if err != nil {
		return s.bucketError(ctx, err)
	}
	return nil
}
