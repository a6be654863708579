package silence

import (
	"testing"
	"testing/synctest"
	"time"
)

// stopProcess makes the clock of a watch jump, as it does while the process is stopped: no
// look takes place meanwhile.
func (w *Watch) stopProcess(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begun = w.begun.Add(-d)
}

// TestStoppedProcess checks that time in which the process does not run is no silence of the
// other end, which then has the whole timeout again.
func TestStoppedProcess(t *testing.T) {
	const timeout = 3 * time.Second
	for _, at := range []time.Duration{0, timeout / 2, timeout - time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			watch, stop := New(t.Context(), timeout, "no byte moved")
			defer stop()
			time.Sleep(at)
			synctest.Wait()
			watch.stopProcess(time.Hour)
			continued := time.Now()
			<-watch.Context().Done()
			// The look that finds out comes at most timeout/looks later.
			if took := time.Since(continued); took < timeout || took > timeout+timeout/looks {
				t.Errorf("stopped after %v: it ended %v after the process continued", at, took)
			}
		})
	}
}

// TestSlowMachine checks that a look that is late for another reason still counts: a machine
// that is busy does not make a stall last forever.
func TestSlowMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const timeout = 3 * time.Second
		watch, stop := New(t.Context(), timeout, "no byte moved")
		defer stop()
		time.Sleep(time.Second)
		watch.stopProcess(lateness / 2)
		begun := time.Now()
		<-watch.Context().Done()
		if took := time.Since(begun); took != 2*time.Second-lateness/2 {
			t.Errorf("it ended after %v", took)
		}
	})
}
