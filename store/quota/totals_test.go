package quota_test

import (
	"slices"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/quota"
)

// TestTotals checks that the totals are the sums of all principals, and name the fullest share of
// each limit.
func TestTotals(t *testing.T) {
	store, err := quota.New(t.Context(), &mem.Store{}, quota.Options{Bytes: 100, Files: 10, Uploads: 4})
	if err != nil {
		t.Fatal(err)
	}
	if got := store.Totals(); got != (quota.Totals{}) {
		t.Errorf("of an empty store: %+v", got)
	}
	for name, size := range map[string]int{"ann": 20, "bob": 60} {
		ctx := access.NewContext(t.Context(), access.Principal{Name: name})
		if _, err := store.Put(ctx, tranship.Spec{Path: name}, make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		upload, err := store.Begin(ctx, tranship.Spec{Path: name + "2", Size: new(int64(10))})
		if err != nil {
			t.Fatal(err)
		}
		defer upload.Abort(ctx)
	}
	want := quota.Totals{
		Usage:      quota.Usage{Bytes: 80, Files: 2, ReservedBytes: 20, ReservedFiles: 2, Uploads: 2},
		Principals: 2, FullestBytes: 0.7, FullestFiles: 0.2, FullestUploads: 0.25,
	}
	if got := store.Totals(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	var names []string
	for used, err := range store.Principals(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, used.Principal)
		if used.Usage != store.Usage(used.Principal) || used.Limits.Bytes != 100 || used.Limits.Uploads != 4 {
			t.Errorf("%+v", used)
		}
	}
	if !slices.Equal(names, []string{"ann", "bob"}) || !store.Counts() {
		t.Errorf("the principals are %q", names)
	}
}

// Each of several servers tells what all have reported.
func TestSharedPrincipals(t *testing.T) {
	inner := &mem.Store{}
	var servers []*quota.Store
	for range 2 {
		store, err := quota.New(t.Context(), inner, quota.Options{Bytes: 1000, Shared: true})
		if err != nil {
			t.Fatal(err)
		}
		servers = append(servers, store)
	}
	ctx := access.NewContext(t.Context(), access.Principal{Name: "ann"})
	for i, store := range servers {
		if _, err := store.Put(ctx, tranship.Spec{Path: string(rune('a' + i))}, make([]byte, 20)); err != nil {
			t.Fatal(err)
		}
	}
	for _, store := range servers {
		if err := store.Close(); err != nil { // which reports
			t.Fatal(err)
		}
	}
	for _, store := range servers {
		for used, err := range store.Principals(t.Context()) {
			if err != nil || used.Principal != "ann" || used.Bytes != 40 || used.Files != 2 || used.ReservedBytes != 0 {
				t.Errorf("%+v: %v", used, err)
			}
		}
	}
}
