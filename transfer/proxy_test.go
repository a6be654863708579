package transfer

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/failure"
)

// TestProxyRefusalEndsCopy checks that a proxy's final refusal, which concerns all files,
// ends a copy with one error instead of one for each file, and that a temporary one does
// not.
func TestProxyRefusalEndsCopy(t *testing.T) {
	const files = 500
	source, destination := newFaulty(), newFaulty()
	sizes := map[string]int{}
	for i := range files {
		sizes[fmt.Sprintf("%03d", i)] = 1
	}
	fill(t, source, sizes)
	items := func() iter.Seq2[Item, error] { return Files(t.Context(), source, "", "") }
	refusal := &tranship.ProxyError{Proxy: "nginx", Status: 413, Answer: "HTTP status 413", Advice: "set client_max_body_size 0"}
	var puts atomic.Int64
	destination.put = func(string) error {
		puts.Add(1)
		return refusal
	}
	err := Copy(t.Context(), destination, items(), Options{Files: 2})
	if proxy, ok := errors.AsType[*tranship.ProxyError](err); !ok || proxy.Status != 413 || !strings.HasSuffix(err.Error(), refusal.Error()) {
		t.Errorf("got %v", err)
	}
	if _, ok := errors.AsType[*FailedError](err); ok || puts.Load() > 10 {
		t.Errorf("%v after %d files", err, puts.Load())
	}

	puts.Store(0)
	passing := &tranship.ProxyError{Status: 502, Answer: "HTTP status 502", Err: tranship.ErrUnavailable}
	destination.put = func(string) error {
		if puts.Add(1) == 1 {
			return failure.Mark(passing, failure.Unknown)
		}
		return nil
	}
	if err := Copy(t.Context(), destination, items(), Options{Files: 2}); err != nil || puts.Load() != files+1 {
		t.Errorf("%v after %d files", err, puts.Load())
	}
}

// TestProxyResets checks that the third reset in a row is the last attempt, and that another
// failure between two resets begins a new row.
func TestProxyResets(t *testing.T) {
	reset := failure.Mark(&tranship.ProxyError{Answer: "reset", Err: tranship.ErrUnavailable}, failure.Unknown)
	away := failure.Mark(fmt.Errorf("%w: away", tranship.ErrUnavailable), failure.Refused)
	for _, test := range []struct {
		name     string
		failures []error
		attempts int64
		fails    bool
	}{
		{"limit", []error{reset, reset, reset, reset}, 3, true},
		{"passing", []error{reset, reset}, 3, false},
		{"restart", []error{reset, reset, away, reset, reset}, 6, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source, destination := newFaulty(), newFaulty()
				fill(t, source, map[string]int{"a": 1})
				var puts atomic.Int64
				destination.put = func(string) error {
					if n := int(puts.Add(1)); n <= len(test.failures) {
						return test.failures[n-1]
					}
					return nil
				}
				err := Copy(t.Context(), destination, itemOf(source, "a", 1), Options{})
				if (err != nil) != test.fails || puts.Load() != test.attempts {
					t.Errorf("%v after %d attempts", err, puts.Load())
				}
				if err != nil && !strings.Contains(err.Error(), "gave up after 3 attempts") {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}
