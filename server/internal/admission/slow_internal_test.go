package admission

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
	"github.com/tranship/tranship/internal/minrate"
	"github.com/tranship/tranship/server/limit"
)

// pause waits, and is false when the context has ended.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// slowOptions drop clients that move less than 100 bytes a second for 10 s.
var slowOptions = limit.Options{MinRate: 100, MinRateWindow: 10 * time.Second, Idle: time.Minute}

// dropped waits for the end of a call, which must have been too slow.
func dropped(t *testing.T, outcome <-chan error, names tranship.Limit, least, most time.Duration) {
	t.Helper()
	start := time.Now()
	err := <-outcome
	if took := time.Since(start); took < least || took > most {
		t.Errorf("it took %v, want %v to %v", took, least, most)
	}
	if limit, ok := errors.AsType[*tranship.LimitError](err); !ok || limit.Limit != names || !errors.Is(err, tranship.ErrUnavailable) {
		t.Errorf("outcome is %v, want UNAVAILABLE that names %s", err, names)
	}
	if class := failure.Of(t.Context(), err); class != failure.Unknown {
		t.Errorf("a call that was cut off is %v", class)
	}
}

func TestSlowSender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // sends nothing
		dropped(t, run(slow(slowOptions), newStream(t.Context()), oneWay, receiveAll), tranship.LimitMinRate, 10*time.Second, 12*time.Second)
	})
	synctest.Test(t, func(t *testing.T) { // a call whose request does not come
		dropped(t, run(slow(slowOptions), newStream(t.Context()), oneWay, receiveAll), tranship.LimitMinRate, 10*time.Second, 12*time.Second)
	})
	synctest.Test(t, func(t *testing.T) { // sends a byte now and then, after much
		s := newStream(t.Context())
		outcome := run(slow(slowOptions), s, oneWay, receiveAll)
		s.in <- 1 << 20
		go func() {
			for pause(s.ctx, 3*time.Second) {
				select {
				case s.in <- 1:
				case <-s.ctx.Done():
				}
			}
		}()
		dropped(t, outcome, tranship.LimitMinRate, 10*time.Second, 14*time.Second)
	})
	synctest.Test(t, func(t *testing.T) { // as slow as is allowed, then ends
		s := newStream(t.Context())
		outcome := run(slow(slowOptions), s, oneWay, receiveAll)
		for range 100 {
			time.Sleep(4 * time.Second)
			s.in <- 500
		}
		close(s.in)
		if err := <-outcome; err != nil {
			t.Error(err)
		}
	})
}

// It is not the client's fault if the server lets it wait.
func TestServerIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // its disk
		s := newStream(t.Context())
		outcome := run(slow(slowOptions), s, oneWay, func(s *fakeStream) error {
			for range 10 {
				if err := s.receive(); err != nil {
					return err
				}
				time.Sleep(time.Hour)
			}
			return nil
		})
		for range 10 {
			s.in <- 1
		}
		if err := <-outcome; err != nil {
			t.Error(err)
		}
	})
	synctest.Test(t, func(t *testing.T) { // its bandwidth
		options := slowOptions
		options.Bandwidth = 10
		options.MinRate = 1 << 30
		l := slow(options)
		s := newStream(t.Context())
		outcome := run(l, s, both, func(s *fakeStream) error {
			if err := s.send(1 << 20); err != nil {
				return err
			}
			if held := minrate.FromContext(s.call.Context()).Held(); held < time.Hour {
				t.Errorf("the service was told of %v", held)
			}
			return nil
		})
		close(s.out)
		if err := <-outcome; err != nil {
			t.Error(err)
		}
	})
}

func TestSlowReader(t *testing.T) {
	send := func(s *fakeStream) error {
		for {
			if err := s.send(1000); err != nil {
				return err
			}
		}
	}
	synctest.Test(t, func(t *testing.T) { // reads nothing
		dropped(t, run(slow(slowOptions), newStream(t.Context()), oneWay, send), tranship.LimitMinRate, 10*time.Second, 12*time.Second)
	})
	synctest.Test(t, func(t *testing.T) { // reads slowly
		s := newStream(t.Context())
		outcome := run(slow(slowOptions), s, both, send)
		go func() {
			for pause(s.ctx, 20*time.Second) {
				select {
				case s.out <- struct{}{}:
				case <-s.ctx.Done():
				}
			}
		}()
		dropped(t, outcome, tranship.LimitMinRate, 10*time.Second, 35*time.Second)
	})
	synctest.Test(t, func(t *testing.T) { // sends and does not read: it is not to
		s := newStream(t.Context())
		outcome := run(slow(slowOptions), s, both, func(s *fakeStream) error {
			go func() { _ = s.send(0) }()
			return receiveAll(s)
		})
		for range 100 {
			time.Sleep(time.Second)
			s.in <- 1000
		}
		close(s.in)
		if err := <-outcome; err != nil {
			t.Error(err)
		}
	})
}

func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dropped(t, run(slow(slowOptions), newStream(t.Context()), both, receiveAll), tranship.LimitIdle, time.Minute, 63*time.Second)
	})
	synctest.Test(t, func(t *testing.T) { // no limit
		s := newStream(t.Context())
		outcome := run(slow(limit.Options{MinRate: -1, Idle: -1}), s, oneWay, receiveAll)
		time.Sleep(1000 * time.Hour)
		close(s.in)
		if err := <-outcome; err != nil {
			t.Error(err)
		}
	})
}
