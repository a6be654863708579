package s3_test

import (
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/s3engine"
	"github.com/tranship/tranship/store/s3"
	"github.com/tranship/tranship/store/storetest"
)

// TestCeph runs the suites that a store can pass on Ceph, which ignores checksums and the
// conditions of large files and of removals.
func TestCeph(t *testing.T) {
	cluster := s3engine.StartCeph(t, 3)
	options := s3.Options{AcceptRaces: true}
	store := func(t *testing.T) tranship.Store { return openOn(t, cluster.Endpoint, cluster.Bucket(t), options) }
	t.Run("core", func(t *testing.T) { storetest.Test(t, store) })
	t.Run("owners", func(t *testing.T) { storetest.TestOwners(t, store) })
	t.Run("durable", func(t *testing.T) {
		storetest.TestDurable(t, func(t *testing.T) (tranship.Store, func() tranship.Store) {
			bucket := cluster.Bucket(t)
			reopen := func() tranship.Store { return openOn(t, cluster.Endpoint, bucket, options) }
			return reopen(), reopen
		})
	})
	t.Run("shared", func(t *testing.T) {
		storetest.TestShared(t, func(t *testing.T, n int) []tranship.Store {
			bucket := cluster.Bucket(t)
			var all []tranship.Store
			for range n {
				all = append(all, openOn(t, cluster.Endpoint, bucket, options))
			}
			return all
		})
	})
}
