package servers

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/s3"
)

// seen is the store of one server, which counts what the server does with uploads. It does not
// join uploads.
type seen struct {
	tranship.Store
	// begun and joined count uploads that were begun here, or joined; refused counts failures
	// to join. parts counts the parts that were begun here.
	begun, joined, refused, parts atomic.Int64
	// during, if not nil, is called before a part is begun.
	during func()
}

func (s *seen) Unwrap() any { return s.Store }

func (s *seen) Passes(ability any) bool {
	switch ability.(type) {
	case *tranship.UploadFinder, *tranship.AccountKeeper, *tranship.HealthChecker, *tranship.StateStore:
		return true
	}
	return false
}

func (s *seen) Begin(ctx context.Context, spec tranship.Spec) (tranship.Upload, error) {
	upload, err := s.Store.Begin(ctx, spec)
	if err != nil {
		return nil, err
	}
	s.begun.Add(1)
	return &seenUpload{upload, s}, nil
}

// joining is a seen that joins uploads.
type joining struct{ *seen }

func (j joining) JoinUpload(ctx context.Context, id string, epoch uint64) (tranship.Upload, tranship.Spec, error) {
	upload, spec, err := tranship.JoinUpload(ctx, j.Store, id, epoch)
	if err != nil {
		j.refused.Add(1)
		return nil, spec, err
	}
	j.joined.Add(1)
	return &seenUpload{upload, j.seen}, spec, nil
}

type seenUpload struct {
	tranship.Upload
	store *seen
}

func (u *seenUpload) Part(ctx context.Context, n int) (tranship.PartWriter, error) {
	if u.store.during != nil {
		u.store.during()
	}
	u.store.parts.Add(1)
	return u.Upload.Part(ctx, n)
}

// shared returns the stores of servers over instances of one store.
func shared(instances []tranship.Store, joins bool) (all []*seen, stores []tranship.Store) {
	for _, instance := range instances {
		s := &seen{Store: instance}
		all = append(all, s)
		if joins {
			stores = append(stores, joining{s})
		} else {
			stores = append(stores, s)
		}
	}
	return all, stores
}

// overStores runs a test with n instances of a store in memory, and with n of a store in a bucket,
// which know nothing of each other.
func overStores(t *testing.T, n int, test func(t *testing.T, instances []tranship.Store)) {
	t.Helper()
	t.Run("mem", func(t *testing.T) {
		test(t, slices.Repeat([]tranship.Store{&mem.Store{PartSize: 64 << 10}}, n))
	})
	t.Run("s3", func(t *testing.T) {
		endpoint := fakes3.New(fakes3.Options{}).Start(t)
		var instances []tranship.Store
		for range n {
			store, err := s3.Open(t.Context(), s3.Options{
				Bucket: "bucket", Endpoint: endpoint, PathStyle: true, AccessKeyID: "key", SecretAccessKey: "secret", PartSize: 64 << 10,
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := store.Close(); err != nil {
					t.Error(err)
				}
			})
			instances = append(instances, store)
		}
		test(t, instances)
	})
}
