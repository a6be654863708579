package budget_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/budget"
	"github.com/tranship/tranship/internal/failure"
)

var errAway = fmt.Errorf("%w: away", tranship.ErrUnavailable)

// fail makes all attempts fail, and returns the final error, the number of attempts and
// how long they took.
func fail(ctx context.Context, tries *budget.Tries, err error) (n int, took time.Duration, last error) {
	begun := time.Now()
	for n = 1; ; n++ {
		pause, final := tries.Failed(ctx, err)
		if final != nil {
			return n, time.Since(begun), final
		}
		if err := budget.Sleep(ctx, pause); err != nil {
			return n, time.Since(begun), err
		}
	}
}

// TestDefaultBudget checks that the default attempts last for most of the default
// patience, so that operations survive an outage of 20 s whatever the random pauses are.
func TestDefaultBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 100 {
			tries := budget.Budget{}.Begin(budget.NewOutage(budget.DefaultPatience))
			_, took, err := fail(t.Context(), tries, errAway)
			if took < 20*time.Second || took > budget.DefaultPatience+budget.LongestPause {
				t.Fatalf("gave up after %v with %v", took, err)
			}
			if !errors.Is(err, tranship.ErrUnavailable) || failure.IsPassing(t.Context(), err) {
				t.Fatalf("error %v would be tried again", err)
			}
		}
	})
}

func TestAttemptsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := budget.Budget{Attempts: 3}.Begin(budget.NewOutage(time.Hour))
		if n, _, err := fail(t.Context(), tries, errAway); n != 3 || err.Error() != "gave up after 3 attempts: unavailable: away" {
			t.Errorf("%d attempts, then %v", n, err)
		}
		tries = budget.Budget{Attempts: 3}.Begin(budget.NewOutage(time.Hour))
		for range 10 {
			if _, err := tries.Failed(t.Context(), errAway); err != nil {
				t.Fatalf("progress counts: %v", err)
			}
			tries.Progress()
		}
		if _, err := tries.Failed(t.Context(), tranship.ErrNotFound); err != tranship.ErrNotFound {
			t.Errorf("a final error became %v", err)
		}
	})
}

// TestOutage checks that an outage is measured across all operations, ends with a
// success, and does not include a time in which nothing was attempted.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outage := budget.NewOutage(30 * time.Second)
		step := func(wait time.Duration, want bool) {
			t.Helper()
			time.Sleep(wait)
			if got := outage.TooLong(); got != want {
				t.Errorf("too long: %v, want %v", got, want)
			}
		}
		step(0, false)
		step(20*time.Second, false)
		step(11*time.Second, true)
		step(time.Second, true)
		outage.Over()
		step(time.Second, false)
		step(time.Hour, true) // one attempt took as long as that
		time.Sleep(time.Hour)
		outage.Attempt()
		step(0, false)
		step(29*time.Second, false)
	})
}

func TestSleepEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		if err := budget.Sleep(ctx, time.Hour); err == nil || time.Since(begun) != time.Second {
			t.Errorf("slept for %v: %v", time.Since(begun), err)
		}
	})
}
