package s3

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/fakes3"
)

// TestManyUploads lists more uploads than are in memory at once. All are listed once, in order.
func TestManyUploads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, atOnce = 110, 50
		engine := fakes3.New(fakes3.Options{})
		store, err := Open(t.Context(), Options{
			Bucket: "bucket", Endpoint: "http://engine", PathStyle: true, AccessKeyID: "key", SecretAccessKey: "secret",
			Transport: fakes3.Transport{Server: engine},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = store.Close() }()
		store.atOnce = atOnce
		begin := func(path string) {
			t.Helper()
			if _, err := store.Begin(t.Context(), tranship.Spec{Path: path, Size: new(int64(0)), ResumeKey: "key"}); err != nil {
				t.Fatal(err)
			}
		}
		var want []string
		for i := range n {
			path := fmt.Sprintf("d/%05d", i)
			begin(path)
			want = append(want, path)
		}
		begin("e")
		for _, count := range []int{n, 1, 60} {
			before := engine.Requests()["GetObject"]
			var got []string
			last := ""
			for info, err := range store.ListUploads(t.Context(), "d") {
				if err != nil {
					t.Fatal(err)
				}
				if info.Path <= last {
					t.Fatalf("%s follows %s", info.Path, last)
				}
				last = info.Path
				if got = append(got, info.Path); len(got) == count {
					break
				}
			}
			if !slices.Equal(got, want[:count]) {
				t.Errorf("a list of %d uploads has %d, or others", count, len(got))
			}
			loaded, passes := engine.Requests()["GetObject"]-before, (count+atOnce-1)/atOnce
			if loaded != passes*(n+1) {
				t.Errorf("a list of %d uploads has loaded %d sessions, want all %d times", count, loaded, passes)
			}
		}
	})
}
