package lanes_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship/client/internal/lanes"
	"github.com/tranship/tranship/internal/lane"
)

// TestReuse makes calls one after the other, and lets the lane expire.
func TestReuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		all := s.client(nil)
		defer s.end(all)
		first := s.call(all)
		for range 3 {
			time.Sleep(9 * time.Second)
			if s.call(all) != first {
				t.Error("a call has got another lane")
			}
		}
		s.expect(1, 0)
		time.Sleep(31 * time.Second)
		synctest.Wait()
		select {
		case <-first.Lost():
		default:
			t.Error("an idle lane is open after half a minute")
		}
		s.call(all)
		s.expect(2, 0)
	})
}

// TestMany has more calls at once than lanes are kept.
func TestMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		all := s.client(nil)
		defer s.end(all)
		var used []*lanes.Lane
		for range 12 {
			got, err := all.Get(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			used = append(used, got)
		}
		for _, got := range used {
			all.Release(got, true)
		}
		kept := 0
		for _, got := range used {
			select {
			case <-got.Lost():
			default:
				kept++
			}
		}
		if kept != 8 {
			t.Errorf("%d lanes are kept", kept)
		}
	})
}

// TestDeadLanes checks that no call gets a lane that was lost while it was idle.
func TestDeadLanes(t *testing.T) {
	for name, kill := range map[string]func(s *site){
		"closed":      func(s *site) { _ = s.ends[0].Close() },
		"going away":  func(s *site) { s.ends[0].GoAway() },
		"outdated":    func(s *site) { s.outdated.Store(true) },
		"silent lane": func(s *site) { s.conns[0].Frozen.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t)
				all := s.client(nil)
				defer s.end(all)
				first := s.call(all)
				kill(s)
				time.Sleep(11 * time.Second)
				got, err := all.Get(t.Context())
				if err != nil || got == first {
					t.Fatalf("a call has got the dead lane, or %v", err)
				}
				s.outdated.Store(false)
				s.callOn(all, got)
				s.expect(2, 0)
				if name == "silent lane" {
					_ = s.conns[0].Close() // which does not forward the end
				}
			})
		})
	}
}

// TestClose closes the client during a call, beside an idle lane, and while a lane is made.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		all := s.client(nil)
		used, err := all.Get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.call(all)
		released := false
		stream, err := used.Open(t.Context(), lane.Headers{Method: "/a/b"}, func(reusable bool) {
			released = true
			all.Release(used, reusable)
		})
		if err != nil {
			t.Fatal(err)
		}
		s.set(func() { s.isSilent = true })
		idle, err := all.Get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		failed := make(chan error)
		go func() {
			_, err := all.Get(t.Context())
			failed <- err
		}()
		time.Sleep(time.Second)
		all.Release(idle, true)
		begun := time.Now()
		all.Close()
		if waited := time.Since(begun); waited > 0 {
			t.Errorf("Close has waited %v", waited)
		}
		if err := <-failed; err == nil {
			t.Error("a lane was made after Close")
		}
		if err := stream.RecvMsg(nil); err == nil || errors.Is(err, context.Canceled) {
			t.Errorf("the call under way: %v", err)
		}
		if !released {
			t.Error("the lane of the call was not released")
		}
		if _, err := all.Get(t.Context()); err == nil {
			t.Error("there is a lane after Close")
		}
		s.serving.Wait()
	})
}
