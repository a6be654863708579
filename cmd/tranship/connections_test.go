package main

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/client"
	"github.com/tranship/tranship/internal/failure"
)

// A server that cannot be reached is tried as long as --connect-timeout says: not shorter
// because the next pause would be longer than what is left of it, nor because it is longer
// than the budget of other operations.
func TestConnectTimeout(t *testing.T) {
	for _, timeout := range []time.Duration{time.Second, 5 * time.Second, 3 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			g := &globals{connectTimeout: timeout}
			begun := time.Now()
			away := failure.Mark(fmt.Errorf("%w: away", tranship.ErrUnavailable), failure.Refused)
			err := g.connections().dial(t.Context(), serverPlace{address: "localhost:1"}, func(options client.Options) error {
				if left := timeout - time.Since(begun); options.ConnectTimeout > left || options.ConnectTimeout <= 0 {
					t.Errorf("with %v left of %v, an attempt may take %v", left, timeout, options.ConnectTimeout)
				}
				return away
			})
			if took := time.Since(begun); !errors.Is(err, away) || took > timeout || took < timeout-2*leastConnectTimeout {
				t.Errorf("%v after %v of %v", err, took, timeout)
			}
		})
	}
}
