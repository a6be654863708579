package quota_test

import (
	"errors"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/quota"
)

// A new limit applies to what begins later. What has begun goes on with the higher one.
func TestSetLimits(t *testing.T) {
	store, err := quota.New(t.Context(), &mem.Store{PartSize: 100}, quota.Options{FileBytes: 100, Bytes: 200, Uploads: 2})
	must(t, err)
	ann := as(t, "ann")
	under, err := begin(ann, store, "under", -1, "")
	must(t, err)
	must(t, write(ann, under, 50))
	must(t, store.SetLimits(quota.Options{FileBytes: 10, Bytes: 60, Uploads: 1}))
	refused(t, put(ann, store, "a", 11), tranship.ErrLimit, tranship.LimitFileBytes)
	_, err = begin(ann, store, "b", 5, "")
	refused(t, err, tranship.ErrQuota, tranship.LimitUploads)
	must(t, write(ann, under, 100))
	size := int64(100)
	_, err = under.Commit(ann, tranship.Commit{Size: size})
	must(t, err)
	refused(t, put(ann, store, "c", 1), tranship.ErrQuota, tranship.LimitQuotaBytes)
	must(t, store.SetLimits(quota.Options{Bytes: 300}))
	must(t, put(ann, store, "c", 150))
	must(t, store.SetLimits(quota.Options{}))
	must(t, put(ann, store, "d", 1000))
	has(t, store, "ann", quota.Usage{Bytes: 1250, Files: 3})
}

// Without a count of the files there can be no limit of them later, unless it was asked for.
func TestSetLimitsUncounted(t *testing.T) {
	inner := &mem.Store{}
	store, err := quota.New(t.Context(), inner, quota.Options{})
	must(t, err)
	if err := store.SetLimits(quota.Options{Bytes: 1, FileBytes: 1}); !errors.Is(err, tranship.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
	must(t, put(as(t, "ann"), store, "a", 10)) // nothing has changed
	must(t, store.SetLimits(quota.Options{FileBytes: 1}))
	refused(t, put(as(t, "ann"), store, "b", 10), tranship.ErrLimit, tranship.LimitFileBytes)
	counted, err := quota.New(t.Context(), &mem.Store{}, quota.Options{Count: true})
	must(t, err)
	must(t, put(as(t, "ann"), counted, "a", 10))
	must(t, counted.SetLimits(quota.Options{Bytes: 15}))
	refused(t, put(as(t, "ann"), counted, "b", 10), tranship.ErrQuota, tranship.LimitQuotaBytes)
}

// A principal has its own limits, also of directories, and others have those of all.
func TestPrincipalLimits(t *testing.T) {
	own := map[string]quota.Limits{"ann": {Bytes: 100, Files: 3, FileBytes: -1}, "bob": {Uploads: 1, Bytes: -1}}
	store, err := quota.New(t.Context(), &mem.Store{}, quota.Options{
		FileBytes: 50, Bytes: 20,
		Principal: func(p access.Principal) quota.Limits { return own[p.Name] },
	})
	must(t, err)
	ann, bob, eve := as(t, "ann"), as(t, "bob"), as(t, "eve")
	must(t, put(ann, store, "a", 90))
	refused(t, put(ann, store, "b", 11), tranship.ErrQuota, tranship.LimitQuotaBytes)
	refused(t, put(ann, store, "c/d/e", 1), tranship.ErrQuota, tranship.LimitQuotaFiles)
	must(t, put(ann, store, "f/g", 1))
	refused(t, put(bob, store, "h", 51), tranship.ErrLimit, tranship.LimitFileBytes)
	for _, path := range []string{"h", "i", "j/k/l/m"} {
		must(t, put(bob, store, path, 50))
	}
	_, err = begin(bob, store, "n", 1, "")
	must(t, err)
	_, err = begin(bob, store, "o", 1, "")
	refused(t, err, tranship.ErrQuota, tranship.LimitUploads)
	refused(t, put(eve, store, "p", 21), tranship.ErrQuota, tranship.LimitQuotaBytes)
	results := store.PutBatch(eve, []tranship.PutItem{
		{Spec: tranship.Spec{Path: "q"}, Data: make([]byte, 15)}, {Spec: tranship.Spec{Path: "r"}, Data: make([]byte, 15)},
	})
	must(t, results[0].Err)
	refused(t, results[1].Err, tranship.ErrQuota, tranship.LimitQuotaBytes)
}
