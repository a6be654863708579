package lanes_test

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship/client/internal/lanes"
)

// TestBlocked checks that lanes that do not get through are not tried again for 10 minutes, at
// this address only.
func TestBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		all := s.client(nil)
		defer s.end(all)
		s.dialErr = errRefused
		s.expectNone(all, syscall.ECONNREFUSED)
		s.expect(2, 1) // it is tried once more, when the server has answered
		for range 3 {
			time.Sleep(3 * time.Minute)
			s.expectNone(all, syscall.ECONNREFUSED)
		}
		s.expect(2, 1)
		blocked := s.address
		s.dialErr, s.address = nil, netip.MustParseAddrPort("192.0.2.2:443")
		s.call(all)
		s.expect(3, 1)
		s.address = blocked
		if err := all.Usable(); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("the first address is blocked because of %v", err)
		}
		time.Sleep(time.Minute)
		if err := all.Usable(); err != nil {
			t.Errorf("after 10 minutes: %v", err)
		}
		s.call(all)
		s.expect(4, 1)
	})
}

// TestSilent has something at the address that does not answer. It costs the calls at the
// moment 2 s, and no later ones.
func TestSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		all := s.client(nil)
		defer s.end(all)
		s.isSilent = true
		begun := time.Now()
		var calls sync.WaitGroup
		for range 3 {
			calls.Go(func() { s.expectNone(all, context.DeadlineExceeded) })
		}
		calls.Wait()
		s.expectNone(all, context.DeadlineExceeded)
		if waited := time.Since(begun); waited != 2*time.Second {
			t.Errorf("calls have waited %v", waited)
		}
		s.expect(3, 1)
	})
}

// TestRestarted has a server that was started again: its lanes tell another instance id, and so
// does its answer over gRPC.
func TestRestarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		all := s.client(nil)
		defer s.end(all)
		s.call(all)
		s.endServer(0)
		s.told, s.instance = "two", "two"
		s.call(all)
		s.expect(2, 1)
		s.endServer(1)
		s.told, s.instance = "three", "three"
		var calls sync.WaitGroup
		for range 3 {
			calls.Go(func() { s.call(all) })
		}
		calls.Wait()
		if s.asks != 2 {
			t.Errorf("the server was asked %d times", s.asks)
		}
	})
}

// TestRestarting has a server whose lanes are refused for a moment.
func TestRestarting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		all := s.client(func(options *lanes.Options) {
			options.Ask = func(ctx context.Context) (string, error) {
				s.set(func() { s.dialErr, s.told, s.instance = nil, "two", "two" })
				return s.ask(ctx)
			}
		})
		defer s.end(all)
		s.dialErr = errRefused
		s.call(all)
		s.expect(2, 1)
	})
}

// TestOtherServer has another server at the address, which answers on lanes.
func TestOtherServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		all := s.client(nil)
		defer s.end(all)
		s.instance = "stranger"
		s.expectNone(all, lanes.ErrOtherInstance)
		s.expectNone(all, lanes.ErrOtherInstance)
		s.expect(2, 1)
	})
}

// TestDown has a server that is away: nothing follows from that for its lanes.
func TestDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		all := s.client(nil)
		defer s.end(all)
		s.dialErr, s.askErr = errRefused, errors.New("away")
		s.expectNone(all, syscall.ECONNREFUSED)
		s.expectNone(all, syscall.ECONNREFUSED)
		s.expect(1, 1)
		time.Sleep(2 * time.Second)
		s.isDown = true
		s.expectNone(all, lanes.ErrDown)
		s.expect(1, 1)
		s.dialErr, s.askErr, s.isDown = nil, nil, false
		s.call(all)
		s.expect(2, 1)
	})
}

// TestNone has a server without lanes, which has some after an upgrade.
func TestNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.told = ""
		all := s.client(nil)
		defer s.end(all)
		s.expectNone(all, lanes.ErrNone)
		s.expect(0, 0)
		time.Sleep(11 * time.Minute)
		s.expectNone(all, lanes.ErrNone)
		s.expectNone(all, lanes.ErrNone)
		s.expect(0, 1)
		time.Sleep(11 * time.Minute)
		s.told = "one"
		s.call(all)
		s.expect(1, 2)
	})
}

// TestNoMore has a server that was started again without lanes.
func TestNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		all := s.client(nil)
		defer s.end(all)
		s.dialErr, s.told = errors.New("no lane"), ""
		s.expectNone(all, lanes.ErrNone)
		s.expectNone(all, lanes.ErrNone)
		s.expect(1, 1)
	})
}

// TestRequired checks that every call tries to get a lane if it cannot go over gRPC.
func TestRequired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		all := s.client(func(options *lanes.Options) { options.Required = true })
		defer s.end(all)
		s.dialErr, s.isDown = errRefused, true
		s.expectNone(all, syscall.ECONNREFUSED)
		s.expectNone(all, syscall.ECONNREFUSED)
		s.expect(4, 2)
		s.dialErr = nil
		s.call(all)
	})
}

// TestCallerGivesUp checks that an attempt goes on without its caller.
func TestCallerGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		all := s.client(func(options *lanes.Options) {
			options.Dial = func(ctx context.Context, to netip.AddrPort) (*lanes.Lane, error) {
				time.Sleep(time.Second)
				return s.dial(ctx, to)
			}
		})
		defer s.end(all)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := all.Get(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		time.Sleep(2 * time.Second)
		begun := time.Now()
		s.call(all)
		if waited := time.Since(begun); waited > 0 {
			t.Errorf("the next call has waited %v", waited)
		}
		s.expect(1, 0)
	})
}

// TestPrepare makes a lane before the first call, which waits for it if it is not ready.
func TestPrepare(t *testing.T) {
	for name, refused := range map[string]error{"made": nil, "refused": errRefused} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t)
				all := s.client(func(options *lanes.Options) {
					options.Dial = func(ctx context.Context, to netip.AddrPort) (*lanes.Lane, error) {
						time.Sleep(time.Second)
						return s.dial(ctx, to)
					}
				})
				defer s.end(all)
				s.dialErr = refused
				all.Prepare()
				time.Sleep(time.Second / 2)
				if refused != nil {
					s.expectNone(all, refused)
					s.expect(2, 1)
					return
				}
				begun := time.Now()
				s.call(all)
				if waited := time.Since(begun); waited != time.Second/2 {
					t.Errorf("the first call has waited %v", waited)
				}
				s.expect(1, 0)
				all.Prepare()
				s.call(all)
				s.expect(1, 0)
			})
		})
	}
}
