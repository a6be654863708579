package server_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tranship/tranship"
	transhipv1 "github.com/tranship/tranship/proto/tranship/v1"
	"github.com/tranship/tranship/server"
	"github.com/tranship/tranship/server/limit"
	"github.com/tranship/tranship/store/mem"
	"github.com/tranship/tranship/store/quota"
)

// Transfers go on while limits and quotas are replaced, and later ones have the new ones.
func TestReconfigure(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := &mem.Store{}
		client, service := serve.client(t, store)
		stream, err := client.Upload(testContext(t))
		if err != nil {
			t.Fatal(err)
		}
		data := make([]byte, 64<<10)
		send := func(requests ...*transhipv1.UploadRequest) {
			t.Helper()
			for _, request := range requests {
				if err := stream.Send(request); err != nil {
					t.Fatal(err)
				}
			}
		}
		send(begin(1, "under", nil), chunk(1, new(int64(0)), data))
		if _, err := stream.Recv(); err != nil { // it has begun
			t.Fatal(err)
		}
		if err := service.Reconfigure(server.Dynamic{
			Limits: limit.Options{Bandwidth: 1 << 30, StreamsPerPeer: 50, MinRate: 2048},
			Quota:  quota.Options{FileBytes: 10, Uploads: 7},
		}); err != nil {
			t.Fatal(err)
		}
		send(chunk(1, nil, data), finish(1))
		if err := stream.CloseSend(); err != nil {
			t.Fatal(err)
		}
		if finished, failed, err := terminals(t, stream); finished[1] == nil || err != nil {
			t.Errorf("the upload under way: %v, %v, %v", finished, failed, err)
		}
		if got := len(content(t, store, "under")); got != 2*len(data) {
			t.Errorf("it has %d bytes", got)
		}
		if finished, failed := upload(t, client, put(1, "later", data)); finished[1] != nil || failed[1] == nil {
			t.Errorf("a later file: %v, %v", finished, failed)
		}
	})
}

// Limits may be replaced while many files are put.
func TestReconfigureConcurrently(t *testing.T) {
	overBoth(t, func(t *testing.T, serve way) {
		store := &mem.Store{}
		client, service := serve.client(t, store)
		var group sync.WaitGroup
		for n := range 4 {
			group.Go(func() {
				for i := range 20 {
					if finished, failed := upload(t, client, put(1, fmt.Sprintf("%d/%d", n, i), make([]byte, 20_000))); finished[1] == nil {
						t.Errorf("file %d of %d: %v", i, n, failed)
					}
				}
			})
		}
		for n := range 100 {
			dynamic := server.Dynamic{
				Limits: limit.Options{BandwidthPerPrincipal: int64(1<<30 + n), CallsPerSecond: 1e6, StreamsPerPrincipal: 100 + n},
				Quota:  quota.Options{FileBytes: int64(30_000 + n)},
			}
			if n%2 == 0 {
				dynamic = server.Dynamic{}
			}
			if err := service.Reconfigure(dynamic); err != nil {
				t.Error(err)
			}
		}
		group.Wait()
	})
}

// What cannot change is refused, and then nothing changes.
func TestReconfigureRefused(t *testing.T) {
	client, service := serve(t, &mem.Store{})
	for field, dynamic := range map[string]server.Dynamic{
		"Limits.HandshakeTime":        {Limits: limit.Options{HandshakeTime: time.Second}},
		"Limits.StreamsPerConnection": {Limits: limit.Options{StreamsPerConnection: 7}},
		"Limits.HeaderBytes":          {Limits: limit.Options{HeaderBytes: 1 << 20}},
		"Quota":                       {Quota: quota.Options{Bytes: 1}},
	} {
		dynamic.Quota.FileBytes = 1
		wrong, ok := errors.AsType[*server.ConfigError](service.Reconfigure(dynamic))
		if !ok || wrong.Field != field || !errors.Is(wrong, tranship.ErrInvalid) && !errors.Is(wrong, tranship.ErrUnsupported) {
			t.Errorf("%s: %v", field, wrong)
		}
	}
	if finished, failed := upload(t, client, put(1, "a", make([]byte, 10))); finished[1] == nil {
		t.Errorf("%v", failed)
	}
}
