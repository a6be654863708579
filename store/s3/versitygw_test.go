package s3_test

import (
	"net/http"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/faultproxy"
	"github.com/tranship/tranship/internal/testing/s3engine"
	"github.com/tranship/tranship/store/s3"
	"github.com/tranship/tranship/store/storetest"
)

// openOn opens a store in a bucket of a real engine.
func openOn(t *testing.T, endpoint, bucket string, options s3.Options) *s3.Store {
	t.Helper()
	options.Bucket, options.PartSize = bucket, s3engine.LeastPart
	return open(t, endpoint, options)
}

func TestVersitygw(t *testing.T) {
	gateway := s3engine.StartVersitygw(t)
	storetest.Test(t, func(t *testing.T) tranship.Store {
		return openOn(t, gateway.Endpoint, gateway.Bucket(t), s3.Options{})
	})
}

func TestVersitygwOwners(t *testing.T) {
	gateway := s3engine.StartVersitygw(t)
	storetest.TestOwners(t, func(t *testing.T) tranship.Store {
		return openOn(t, gateway.Endpoint, gateway.Bucket(t), s3.Options{})
	})
}

// TestVersitygwShared uses two gateways to one directory.
func TestVersitygwShared(t *testing.T) {
	gateway := s3engine.StartVersitygw(t)
	endpoints := []string{gateway.Endpoint, gateway.Another(t).Endpoint}
	storetest.TestShared(t, func(t *testing.T, n int) []tranship.Store {
		bucket := gateway.Bucket(t)
		var stores []tranship.Store
		for i := range n {
			stores = append(stores, openOn(t, endpoints[i%2], bucket, s3.Options{}))
		}
		return stores
	})
}

func TestVersitygwDurable(t *testing.T) {
	gateway := s3engine.StartVersitygw(t)
	storetest.TestDurable(t, func(t *testing.T) (tranship.Store, func() tranship.Store) {
		bucket := gateway.Bucket(t)
		reopen := func() tranship.Store { return openOn(t, gateway.Endpoint, bucket, s3.Options{}) }
		return reopen(), reopen
	})
}

// TestVersitygwFailover kills a gateway while an upload sends a part through it. The upload goes
// on through another one, and its caller is not told of a failure. A proxy leads the store to
// the gateway that runs, as a balancer does.
func TestVersitygwFailover(t *testing.T) {
	gateway := s3engine.StartVersitygw(t)
	proxy, err := faultproxy.Listen(gateway.Address(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	store := openOn(t, "http://"+proxy.Address(), gateway.Bucket(t), s3.Options{})
	data := random(1, 8*s3engine.LeastPart+100)
	for _, key := range []string{"key", ""} {
		spare := gateway.Another(t)
		upload := begin(t, store, "file"+key, key, data)
		for n := range 4 {
			writePart(t, upload, n, data)
		}
		if err := upload.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		passed := proxy.Passed(faultproxy.Up)
		for n := 4; n < 9; n++ {
			writePart(t, upload, n, data)
		}
		if err := proxy.Await(t.Context(), faultproxy.Up, passed+s3engine.LeastPart/2); err != nil {
			t.Fatal(err)
		}
		gateway.Process.Kill()
		proxy.SetServer(spare.Address())
		commit(t, upload, data)
		has(t, store, "file"+key, data)
		gateway = spare
	}
}

// TestVersitygwPlainPuts has an engine that checks signatures take the store's own requests.
func TestVersitygwPlainPuts(t *testing.T) {
	gateway := s3engine.StartVersitygw(t)
	requests := &puts{}
	store := openOn(t, gateway.Endpoint, gateway.Bucket(t), s3.Options{Around: func(next http.RoundTripper) http.RoundTripper { requests.next = next; return requests }})
	names := []string{"first", "a b+c%d", "%2F", "ünï/cödé", "a=b&c;d:e@f$g,h~i'(j)*!", "q?x#y", "two  spaces"}
	for _, name := range names {
		for _, data := range [][]byte{nil, random(1, 4096)} {
			spec := tranship.Spec{Path: "d/" + name, Attributes: tranship.Attributes{Metadata: map[string]string{"key": "ü  "}}}
			if _, err := store.Put(t.Context(), spec, data); err != nil {
				t.Fatalf("Put(%q): %v", name, err)
			}
			has(t, store, "d/"+name, data)
		}
	}
	if plain, layered := requests.counts(); plain != 2*len(names)-1 || layered != 1 {
		t.Errorf("%d puts took %d plain requests and %d of the client, want all but the first plain", 2*len(names), plain, layered)
	}
}
