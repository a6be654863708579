package quota_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/quota"
)

// TestSharedCountsAtStart limits a store that has files which no server has counted.
func TestSharedCountsAtStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 20_000
		store := &mem.Store{}
		ann := as(t, "ann")
		before := limited(t, store, quota.Options{Bytes: limit})
		for n := range 15 {
			must(t, put(ann, before, fmt.Sprint("before/", n), 1000))
		}
		all, _ := sharing(t, store, 2, quota.Options{Bytes: limit})
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		fillTo(t, store, limit, all...)
	})
}

// TestSharedRecountRepairs lets two servers replace one file at the same moment, so that both
// subtract it. Counting the files again repairs that, also while both servers use the account.
func TestSharedRecountRepairs(t *testing.T) {
	for name, recount := range map[string]func(t *testing.T, server *quota.Store){
		"called": func(t *testing.T, server *quota.Store) { must(t, server.Recount(t.Context())) },
		"a day later": func(t *testing.T, _ *quota.Store) {
			time.Sleep(recountLatest)
			synctest.Wait()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const limit = 100_000
				store := &mem.Store{}
				ann := as(t, "ann")
				var meet sync.WaitGroup
				var all []*quota.Store
				for range 2 {
					server := limited(t, &meeting{Store: store, meet: &meet}, quota.Options{Bytes: limit, Shared: true})
					t.Cleanup(func() { must(t, server.Close()) })
					all = append(all, server)
				}
				time.Sleep(2 * time.Minute) // the servers have counted
				must(t, put(ann, all[0], "file", 50_000))
				meet.Add(2)
				var puts sync.WaitGroup
				for _, server := range all {
					puts.Go(func() { must(t, put(ann, server, "file", 40_000)) })
				}
				puts.Wait()
				for n, server := range all {
					must(t, put(ann, server, fmt.Sprint("used/", n), 10)) // both have leases
				}
				recount(t, all[0])
				fillTo(t, store, limit, all...)
			})
		})
	}
}

// recountLatest is when the files are counted again at the latest: a day and one and a half hours
// after the last time.
const recountLatest = 26 * time.Hour

// meeting is a store whose puts of "file" wait for each other.
type meeting struct {
	*mem.Store
	meet *sync.WaitGroup
	once sync.Once
}

func (m *meeting) Put(ctx context.Context, spec tranship.Spec, data []byte) (tranship.File, error) {
	if spec.Path == "file" && len(data) == 40_000 {
		m.once.Do(m.meet.Done)
		m.meet.Wait()
	}
	return m.Store.Put(ctx, spec, data)
}

// fillTo puts files at servers in turn until these refuse them. The files never exceed the limit.
func fillTo(t *testing.T, store *mem.Store, limit int64, servers ...*quota.Store) {
	t.Helper()
	for n, refusals := 0, 0; refusals < len(servers); n++ {
		refusals++
		if put(as(t, "ann"), servers[n%len(servers)], fmt.Sprint("fill/", n), 1000) == nil {
			refusals = 0
		}
		if bytes, _ := usedBy(t, store, "ann"); bytes > limit {
			t.Fatalf("ann has %d bytes, the limit is %d", bytes, limit)
		}
	}
}
