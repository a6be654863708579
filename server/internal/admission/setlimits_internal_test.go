package admission

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/server/limit"
)

// A new limit of bandwidth holds at once for calls under way, and no call ends by it.
func TestSetBandwidth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := slow(limit.Options{})
		c, err := begin(d, as(t.Context(), "ann", "192.0.2.1:1"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.End()
		err = c.Run(Stream{}, func() error {
			moves := func(want time.Duration) {
				t.Helper()
				begun := time.Now()
				if err := errors.Join(c.Received(500_000, nil), c.Sending(500_000)); err != nil {
					t.Error(err)
				}
				c.Sent(500_000)
				if took := time.Since(begun); took < want*8/10 || took > want*11/10 {
					t.Errorf("a megabyte took %v, want about %v", took, want)
				}
			}
			moves(0)
			d.SetLimits(limit.Options{BandwidthPerPrincipal: 1_000_000})
			moves(time.Second)
			d.SetLimits(limit.Options{BandwidthPerPrincipal: 4_000_000})
			moves(time.Second / 4)
			d.SetLimits(limit.Options{Bandwidth: 1_000_000})
			moves(time.Second)
			d.SetLimits(limit.Options{})
			moves(0)
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// Calls and connections that are under way go on when there are more than a new limit allows.
func TestSetLimitsBelowUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := slow(limit.Options{})
		ann := as(t.Context(), "ann", "192.0.2.1:1")
		var calls []*Call
		for range 3 {
			c, err := begin(d, ann)
			if err != nil {
				t.Fatal(err)
			}
			calls = append(calls, c)
		}
		var connections []*Connection
		for range 3 {
			c, err := d.Connect(address("192.0.2.1:1"), func() { t.Error("aborted") })
			if err != nil {
				t.Fatal(err)
			}
			connections = append(connections, c)
		}
		d.SetLimits(limit.Options{StreamsPerPeer: 2, ConnectionsPerPeer: 2})
		isFull := func(full bool) {
			t.Helper()
			c, err := begin(d, ann)
			if refused := errors.Is(err, tranship.ErrUnavailable); refused != full {
				t.Errorf("a call: %v", err)
			}
			if err == nil {
				c.End()
			}
			connection, err := d.Connect(address("192.0.2.1:1"), func() {})
			if (err != nil) != full {
				t.Errorf("a connection: %v", err)
			}
			if err == nil {
				connection.Close()
			}
		}
		isFull(true)
		for i := range 2 {
			if calls[i].Context().Err() != nil {
				t.Error("a call has ended")
			}
			calls[i].End()
			connections[i].Close()
		}
		isFull(false)
		calls[2].End()
		connections[2].Close()
	})
}

// A principal has its own limits, which may change, and others have those of all.
func TestPrincipalLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := limit.Principal{Streams: 1}
		options := slow(limit.Options{StreamsPerPrincipal: 2}).options
		options.Principal = func(p access.Principal) limit.Principal {
			if p.Name == "ann" {
				return own
			}
			return limit.Principal{}
		}
		d := New(options)
		// most returns how many calls a caller may have.
		most := func(ctx context.Context) int {
			t.Helper()
			var calls []*Call
			defer func() {
				for _, c := range calls {
					c.End()
				}
			}()
			for range 5 {
				c, err := begin(d, ctx)
				if err != nil {
					t.Fatal(err)
				}
				calls = append(calls, c)
				if err := c.Turn(); err != nil {
					if limit, ok := errors.AsType[*tranship.LimitError](err); !ok || limit.Limit != tranship.LimitStreamsPerPrincipal {
						t.Error(err)
					}
					return len(calls) - 1
				}
			}
			return 5
		}
		check := func(ann, ben, anonymous int) {
			t.Helper()
			for name, want := range map[string]int{"ann": ann, "ben": ben, "": anonymous} {
				if got := most(as(t.Context(), name, "192.0.2.1:1")); got != want {
					t.Errorf("%q may have %d calls, want %d", name, got, want)
				}
			}
		}
		check(1, 2, 5)
		own = limit.Principal{Streams: 3}
		check(3, 2, 5)
		own = limit.Principal{Streams: -1}
		check(5, 2, 5)
		d.SetLimits(limit.Options{StreamsPerPrincipal: 4})
		own = limit.Principal{}
		check(4, 4, 5)
		if len(d.principalCalls) != 0 {
			t.Errorf("left: %v", d.principalCalls)
		}
	})
}

// Limits may be replaced while calls begin, move and end.
func TestSetLimitsConcurrently(t *testing.T) {
	d := slow(limit.Options{})
	var group sync.WaitGroup
	for n := range 4 {
		group.Go(func() {
			ctx := as(t.Context(), fmt.Sprint("caller", n), "192.0.2.1:1")
			for range 50 {
				c, err := begin(d, ctx)
				if err != nil {
					t.Error(err)
					return
				}
				if err := c.Run(Stream{}, func() error { return errors.Join(c.Received(200_000, nil), c.Sending(200_000)) }); err != nil {
					t.Error(err)
				}
				c.End()
			}
		})
	}
	for n := range 200 {
		limits := limit.Options{Bandwidth: int64(1<<30 + n%3), StreamsPerPeer: 1000 + n, CallsPerSecond: 1e6, CallsBurst: 1000}
		if n%2 == 0 {
			limits.BandwidthPerPrincipal = 1 << 29
		}
		d.SetLimits(limits)
	}
	group.Wait()
}
