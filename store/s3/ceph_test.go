package s3_test

import (
	"fmt"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/s3engine"
	"github.com/tranship/tranship/store/s3"
	"github.com/tranship/tranship/store/storetest"
)

// cephStores opens stores in a bucket of a cluster, of which each test has a prefix: making a
// bucket takes Ceph seconds.
type cephStores struct {
	cluster *s3engine.Ceph
	bucket  string
	made    int
}

// options returns the options of the stores of one test.
func (c *cephStores) options() s3.Options {
	c.made++
	return s3.Options{AcceptRaces: true, Prefix: fmt.Sprint("test", c.made)}
}

func (c *cephStores) open(t *testing.T) tranship.Store {
	return openOn(t, c.cluster.Endpoint, c.bucket, c.options())
}

// TestCeph runs the suites that a store can pass on Ceph, which ignores checksums and the
// conditions of large files and of removals.
func TestCeph(t *testing.T) {
	cluster := s3engine.StartCeph(t, 3)
	stores := &cephStores{cluster: cluster, bucket: cluster.Bucket(t)}
	t.Run("core", func(t *testing.T) { storetest.Test(t, stores.open) })
	t.Run("owners", func(t *testing.T) { storetest.TestOwners(t, stores.open) })
	t.Run("durable", func(t *testing.T) {
		storetest.TestDurable(t, func(t *testing.T) (tranship.Store, func() tranship.Store) {
			options := stores.options()
			reopen := func() tranship.Store { return openOn(t, cluster.Endpoint, stores.bucket, options) }
			return reopen(), reopen
		})
	})
	t.Run("shared", func(t *testing.T) {
		storetest.TestShared(t, func(t *testing.T, n int) []tranship.Store {
			options := stores.options()
			var all []tranship.Store
			for range n {
				all = append(all, openOn(t, cluster.Endpoint, stores.bucket, options))
			}
			return all
		})
	})
}
