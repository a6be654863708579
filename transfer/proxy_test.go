package transfer

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"testing"

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
