package lanes_test

import (
	"context"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship/client/internal/lanes"
)

const patience = 500 * time.Millisecond

// TestPatience has something at the address that does not answer. The first call waits for as long
// as calls wait, and no other call waits at all, also after the lane was given up.
func TestPatience(t *testing.T) {
	for name, prepared := range map[string]bool{"first call": false, "prepared": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t)
				all := s.client(func(options *lanes.Options) { options.Patience = patience })
				defer s.end(all)
				s.isSilent = true
				if prepared {
					all.Prepare()
				}
				begun := time.Now()
				for range 3 {
					s.expectNone(all, lanes.ErrSlow)
				}
				if err := all.Usable(); err != lanes.ErrSlow {
					t.Errorf("lanes can be used: %v", err)
				}
				if waited := time.Since(begun); waited != patience {
					t.Errorf("calls have waited %v", waited)
				}
				time.Sleep(2 * time.Second)
				synctest.Wait()
				s.expectNone(all, context.DeadlineExceeded)
				if waited := time.Since(begun); waited != patience+2*time.Second {
					t.Errorf("calls have waited %v", waited)
				}
				s.expect(1, 1)
			})
		})
	}
}

// TestLate has a lane that takes longer than calls wait. A later call has it.
func TestLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		all := s.client(func(options *lanes.Options) {
			options.Patience = patience
			options.Dial = func(ctx context.Context, to netip.AddrPort) (*lanes.Lane, error) {
				time.Sleep(time.Second)
				return s.dial(ctx, to)
			}
		})
		defer s.end(all)
		s.expectNone(all, lanes.ErrSlow)
		time.Sleep(time.Second)
		begun := time.Now()
		s.call(all)
		if err := all.Usable(); err != nil || time.Since(begun) > 0 {
			t.Errorf("the call has waited %v; %v", time.Since(begun), err)
		}
		s.expect(1, 0)
	})
}
