package s3_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/testing/fakes3"
	"github.com/tranship/tranship/store/quota"
	"github.com/tranship/tranship/store/s3"
)

// mortal is the way of a server to the engine, which ends when the server is killed.
type mortal struct {
	next   http.RoundTripper
	killed atomic.Bool
}

func (m *mortal) RoundTrip(request *http.Request) (*http.Response, error) {
	if m.killed.Load() {
		return nil, errors.New("the server was killed")
	}
	return m.next.RoundTrip(request)
}

// TestSharedQuota has two servers share the quota of a principal, of which one is killed while it
// has a lease and an upload. The files never exceed the limit, and in the end they reach it.
func TestSharedQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 100 * part
		engine := fakes3.New(fakes3.Options{})
		dies := &mortal{next: fakes3.Transport{Server: engine}}
		one := open(t, "http://engine", s3.Options{PartSize: part, Transport: dies, UploadExpiry: 48 * time.Hour})
		two := near(t, engine, s3.Options{PartSize: part, UploadExpiry: 48 * time.Hour})
		ann := access.NewContext(t.Context(), access.Principal{Name: "ann"})
		var servers []*quota.Store
		for _, store := range []*s3.Store{one, two} {
			server, err := quota.New(t.Context(), store, quota.Options{Bytes: limit, Shared: true})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := server.Close(); err != nil && store == two {
					t.Error(err)
				}
			}()
			servers = append(servers, server)
		}
		check := func() (used int64) {
			t.Helper()
			for file, err := range two.Accounts(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				used += file.Size
			}
			if used > limit {
				t.Fatalf("ann has %d bytes, the limit is %d", used, limit)
			}
			return used
		}
		names := 0
		fill := func(ctx context.Context, server *quota.Store) (n int) {
			t.Helper()
			for ; ; n++ {
				names++
				_, err := server.Put(ctx, tranship.Spec{Path: fmt.Sprint("file", names)}, make([]byte, part))
				if err != nil {
					if !errors.Is(err, tranship.ErrQuota) {
						t.Fatal(err)
					}
					return n
				}
				check()
			}
		}
		data := random(1, 20*part)
		upload, err := servers[0].Begin(ann, tranship.Spec{Path: "upload", Size: new(int64(len(data))), ResumeKey: "key"})
		if err != nil {
			t.Fatal(err)
		}
		writePart(t, upload, 0, data)
		if err := upload.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		for n := range 5 {
			if _, err := servers[0].Put(ann, tranship.Spec{Path: fmt.Sprint("first", n)}, make([]byte, part)); err != nil {
				t.Fatal(err)
			}
		}
		dies.killed.Store(true)

		if n := fill(ann, servers[1]); n > 75 {
			t.Errorf("%d files fit beside an upload of 20 and 5 files of a server that has died", n)
		}
		resumed, err := servers[1].Begin(ann, tranship.Spec{Path: "upload", Size: new(int64(len(data))), ResumeKey: "key"})
		if err != nil {
			t.Fatalf("resuming an upload whose size is reserved: %v", err)
		}
		if durable := resumed.Durable(); len(durable) != 1 {
			t.Errorf("the resumed upload has %d parts, want 1", len(durable))
		}
		writeParts(t, resumed, data)
		if _, err := resumed.Commit(ann, tranship.Commit{Size: int64(len(data))}); err != nil {
			t.Fatal(err)
		}
		check()
		time.Sleep(time.Hour)
		fill(ann, servers[1]) // counts the files again in the background
		synctest.Wait()
		time.Sleep(time.Minute)
		fill(ann, servers[1])
		if used := check(); used != limit {
			t.Errorf("in the end ann has %d bytes, want all of %d", used, limit)
		}
	})
}
