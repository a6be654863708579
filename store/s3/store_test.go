package s3_test

import (
	"cmp"
	"errors"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/store/s3"
	"github.com/tranship/tranship/store/storetest"
)

// open opens a store on an engine.
func open(t testing.TB, endpoint string, options s3.Options) *s3.Store {
	t.Helper()
	options.Bucket, options.Endpoint, options.PathStyle = cmp.Or(options.Bucket, "bucket"), endpoint, true
	options.AccessKeyID, options.SecretAccessKey = "key", "secret"
	store, err := s3.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// odd is a size of parts that no power of two is. With smaller ones some tests of large files
// make tens of thousands of requests.
const odd = 70_001

// openEmpty opens a store on an engine of its own.
func openEmpty(t *testing.T) tranship.Store {
	return open(t, fakes3.New(fakes3.Options{}).Start(t), s3.Options{PartSize: odd})
}

func TestStore(t *testing.T) { storetest.Test(t, openEmpty) }

func TestOwners(t *testing.T) { storetest.TestOwners(t, openEmpty) }

func TestFetcher(t *testing.T) { storetest.TestFetcher(t, openEmpty) }

func TestRangeReader(t *testing.T) { storetest.TestRangeReader(t, openEmpty) }

func TestHealthChecker(t *testing.T) { storetest.TestHealthChecker(t, openEmpty) }

func TestChunks(t *testing.T) { storetest.TestChunks(t, openEmpty, false, true) }

// TestShared uses two stores that know nothing of each other but the bucket.
func TestShared(t *testing.T) {
	storetest.TestShared(t, func(t *testing.T, n int) []tranship.Store {
		endpoint := fakes3.New(fakes3.Options{}).Start(t)
		var stores []tranship.Store
		for range n {
			stores = append(stores, open(t, endpoint, s3.Options{PartSize: odd, Prefix: "a/prefix"}))
		}
		return stores
	})
}

// TestDurable opens the store again with nothing but the bucket.
func TestDurable(t *testing.T) {
	storetest.TestDurable(t, func(t *testing.T) (tranship.Store, func() tranship.Store) {
		endpoint := fakes3.New(fakes3.Options{}).Start(t)
		reopen := func() tranship.Store { return open(t, endpoint, s3.Options{PartSize: odd}) }
		return reopen(), reopen
	})
}

// TestPrefix uses two stores in one bucket, which have nothing in common.
func TestPrefix(t *testing.T) {
	endpoint := fakes3.New(fakes3.Options{}).Start(t)
	inner, outer := open(t, endpoint, s3.Options{Prefix: "/team/files/"}), open(t, endpoint, s3.Options{})
	if _, err := inner.Put(t.Context(), tranship.Spec{Path: "d/file"}, []byte("data")); err != nil {
		t.Fatal(err)
	}
	if file, err := outer.Stat(t.Context(), "team/files/d/file"); err != nil || file.Size != 4 {
		t.Fatalf("the object of a file has another key: %+v, %v", file, err)
	}
	if _, err := inner.Stat(t.Context(), "team/files/d/file"); !errors.Is(err, tranship.ErrNotFound) {
		t.Fatalf("Stat of the path in the other store: %v", err)
	}
	long := strings.Repeat(strings.Repeat("p", 100)+"/", 10) + "f"
	if _, err := inner.Put(t.Context(), tranship.Spec{Path: long + "01"}, nil); err != nil {
		t.Fatalf("Put of the longest path: %v", err)
	}
	if _, err := inner.Put(t.Context(), tranship.Spec{Path: long + "012"}, nil); !errors.Is(err, tranship.ErrLimit) {
		t.Fatalf("Put of a path that is too long: %v, want ErrLimit", err)
	}
}

func TestAccounts(t *testing.T) {
	for name, engine := range map[string]fakes3.Options{
		"best":     {},
		"degraded": {NoConditionalComplete: true, NoConditionalDelete: true, NoChecksum: true, Unquoted: true, NoEncoding: true},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.TestAccounts(t, func(t *testing.T) (tranship.Store, func() tranship.Store) {
				endpoint := fakes3.New(engine).Start(t)
				reopen := func() tranship.Store { return open(t, endpoint, s3.Options{PartSize: odd, AcceptRaces: true}) }
				return reopen(), reopen
			}, storetest.NoDirectories)
		})
	}
}
