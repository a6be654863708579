package fair

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/access"
	"github.com/tranship/tranship/internal/failure"
)

// from is the context of a call without credentials from an address.
func from(ctx context.Context, address int) context.Context {
	ip := net.IPv4(192, 0, byte(address>>8), byte(address))
	return access.NewPeerContext(ctx, &net.TCPAddr{IP: ip})
}

// silence makes as many calls that send nothing as each of so many addresses can have,
// and makes each anew when it ends, until the context does.
func silence(ctx context.Context, q *Queue, addresses, calls int, principal string) {
	for address := range addresses {
		for range calls {
			go func() {
				own := from(ctx, address)
				if principal != "" {
					own = access.NewContext(own, access.Principal{Name: fmt.Sprint(principal, address)})
				}
				for ctx.Err() == nil {
					p, err := q.Enter(own, 1, true)
					if err == nil {
						select {
						case <-p.over:
						case <-ctx.Done():
						}
						p.Leave()
					}
					select {
					case <-time.After(100 * time.Millisecond):
					case <-ctx.Done():
					}
				}
			}()
		}
	}
}

// TestQueueSilence checks that calls that send nothing keep no other caller out,
// whether they have credentials or not, from however many addresses they come.
func TestQueueSilence(t *testing.T) {
	for _, test := range []struct {
		name, principal     string
		addresses           int
		prefer, credentials bool
		within              time.Duration
	}{
		{name: "two strangers", addresses: 2, prefer: true, credentials: true},
		{name: "eight strangers", addresses: 8, prefer: true, credentials: true},
		{name: "a hundred strangers", addresses: 100, prefer: true, credentials: true},
		{name: "two strangers and a stranger", addresses: 2, prefer: true, within: time.Second},
		{name: "two addresses where none is known", addresses: 2, within: time.Second},
		{name: "eight addresses where none is known", addresses: 8, within: time.Second},
		{name: "two principals", addresses: 2, prefer: true, principal: "eve", credentials: true, within: time.Second},
		{name: "eight principals", addresses: 8, prefer: true, principal: "eve", credentials: true, within: time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := New(Options{Places: 10, Room: 26, Full: "full"})
				if test.prefer {
					q.PreferPrincipals(4)
				}
				ctx, cancel := context.WithCancel(t.Context())
				silence(ctx, q, test.addresses, 28, test.principal)
				time.Sleep(time.Second)
				mine := from(ctx, 9999)
				if test.credentials {
					mine = access.NewContext(mine, access.Principal{Name: "alice"})
				}
				for range 20 {
					begun := time.Now()
					p, err := q.Enter(mine, 1, true)
					if err != nil {
						t.Fatalf("after %v: %v", time.Since(begun), err)
					}
					if waited := time.Since(begun); waited > test.within {
						t.Errorf("waited for %v", waited)
					}
					// Its message arrives a moment later.
					select {
					case <-time.After(10 * time.Millisecond):
					case <-p.over:
						t.Error("a call had to give way before its message could arrive")
					}
					p.Leave()
				}
				cancel()
				synctest.Wait()
				if q.present.all != 0 || q.used != (tally{}) || len(q.callers) != 0 || q.waiting != 0 {
					t.Errorf("when all have left, %d calls of %d callers are counted", q.present.all, len(q.callers))
				}
			})
		})
	}
}

// TestQueueArrived checks that a call that has sent its message does not give way.
func TestQueueArrived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(Options{Places: 4, Room: 8})
		var places []*Place
		for range 3 {
			p, err := q.Enter(from(t.Context(), 1), 1, true)
			if err != nil {
				t.Fatal(err)
			}
			places = append(places, p)
		}
		for _, p := range places[:2] {
			if err := p.Arrived(); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 2 {
			p, err := q.Enter(from(t.Context(), 2), 1, false)
			if err != nil {
				t.Fatalf("call %d of another caller: %v", i, err)
			}
			defer p.Leave()
		}
		if err := places[2].Arrived(); !errors.Is(err, tranship.ErrUnavailable) {
			t.Errorf("the silent call, %v later: %v, want that it gave way", arrivalGrace, err)
		}
		_, err := q.Enter(from(t.Context(), 3), 1, false)
		if !errors.Is(err, tranship.ErrUnavailable) || failure.Of(t.Context(), err) != failure.Refused {
			t.Errorf("while no call is silent: %v", err)
		}
		for _, p := range places {
			p.Leave()
		}
	})
}

// TestQueueGreed checks that callers that take all that they get leave some to others.
func TestQueueGreed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(Options{Places: 64, Room: 128})
		const greedy = 5
		for caller := range greedy {
			ctx := from(t.Context(), caller)
			for range 128 {
				go func() {
					if p, err := q.Enter(ctx, 1, false); err == nil {
						<-t.Context().Done()
						p.Leave()
					}
				}()
			}
			synctest.Wait()
		}
		// The last three have one each.
		if q.used.all != 60+3 {
			t.Errorf("%d callers have %d of 64 places, want 63", greedy, q.used.all)
		}
		begun := time.Now()
		p, err := q.Enter(from(t.Context(), greedy), 1, false)
		if err != nil || time.Since(begun) > 0 {
			t.Fatalf("another caller: %v after %v", err, time.Since(begun))
		}
		p.Leave()
	})
}
