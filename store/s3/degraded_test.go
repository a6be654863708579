package s3_test

import (
	"errors"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/store/s3"
	"github.com/tranship/tranship/store/storetest"
)

// TestDegraded runs the suite on an engine that lacks all that the store can do without, and
// reports success of uploads that others have completed.
func TestDegraded(t *testing.T) {
	engine := fakes3.Options{NoConditionalComplete: true, NoConditionalDelete: true, NoChecksum: true, FalseComplete: true, Unquoted: true, NoEncoding: true}
	storetest.Test(t, func(t *testing.T) tranship.Store {
		return open(t, fakes3.New(engine).Start(t), s3.Options{PartSize: odd, AcceptRaces: true})
	})
}

func TestDegradedShared(t *testing.T) {
	storetest.TestShared(t, func(t *testing.T, n int) []tranship.Store {
		endpoint := fakes3.New(fakes3.Options{NoConditionalComplete: true, NoChecksum: true, FalseComplete: true}).Start(t)
		var stores []tranship.Store
		for range n {
			stores = append(stores, open(t, endpoint, s3.Options{PartSize: odd, AcceptRaces: true}))
		}
		return stores
	})
}

// TestNeeded opens a store on an engine without the conditions that it needs.
func TestNeeded(t *testing.T) {
	endpoint := fakes3.New(fakes3.Options{NoConditionalPut: true}).Start(t)
	_, err := s3.Open(t.Context(), s3.Options{Bucket: "bucket", Endpoint: endpoint, PathStyle: true, AccessKeyID: "key", SecretAccessKey: "secret"})
	if !errors.Is(err, tranship.ErrUnsupported) {
		t.Fatalf("Open on an engine without conditions: %v, want ErrUnsupported", err)
	}
}

// TestUndecidable begins large uploads under conditions that the engine does not check.
func TestUndecidable(t *testing.T) {
	store := open(t, fakes3.New(fakes3.Options{NoConditionalComplete: true}).Start(t), s3.Options{PartSize: 1000})
	file, err := store.Put(t.Context(), tranship.Spec{Path: "file", Precondition: tranship.Precondition{MustNotExist: true}}, []byte("small"))
	if err != nil {
		t.Fatal(err)
	}
	for _, precondition := range []tranship.Precondition{{MustNotExist: true}, {MustMatchVersion: file.Version}, {MustMatchRevision: file.Revision()}} {
		for _, key := range []string{"", "key"} {
			_, err := store.Begin(t.Context(), tranship.Spec{Path: "file", Size: new(int64(1001)), ResumeKey: key, Precondition: precondition})
			if !errors.Is(err, tranship.ErrUnsupported) {
				t.Errorf("Begin with %+v: %v, want ErrUnsupported", precondition, err)
			}
		}
	}
	if _, err := store.Begin(t.Context(), tranship.Spec{Path: "file", Size: new(int64(1000)), Precondition: tranship.Precondition{MustMatchVersion: file.Version}}); err != nil {
		t.Errorf("Begin of a small file: %v", err)
	}
}
