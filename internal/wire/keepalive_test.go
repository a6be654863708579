package wire_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/wire"
)

func TestKeepAliveFromMetadata(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"5000":                 5 * time.Second,
		"1":                    wire.MinKeepAlive,
		"3600000":              wire.MaxKeepAlive,
		"3600001":              0,
		"0":                    0,
		"-1":                   0,
		"":                     0,
		"5s":                   0,
		"99999999999999999999": 0,
	} {
		if got := wire.KeepAliveFromMetadata([]string{value}); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
	if wire.KeepAliveFromMetadata(nil) != 0 || wire.KeepAliveFromMetadata([]string{"1", "2"}) != 0 {
		t.Error("there is an interval without exactly one value")
	}
}

func FuzzKeepAliveFromMetadata(f *testing.F) {
	for _, value := range []string{"5000", "1", "", "-1", "5s", "99999999999999999999"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		got := wire.KeepAliveFromMetadata([]string{value})
		if got != 0 && (got < wire.MinKeepAlive || got > wire.MaxKeepAlive) {
			t.Errorf("%q: %v", value, got)
		}
		if got != 0 && wire.KeepAliveFromMetadata([]string{wire.KeepAliveToMetadata(got)}) != got {
			t.Errorf("%q: %v is not encoded", value, got)
		}
	})
}

// TestIdle checks that messages without content are limited only if they come faster than a
// client can ask for.
func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var slow, fast wire.Idle
		for range 2 * wire.MaxEmptyMessages {
			time.Sleep(wire.MinKeepAlive)
			if err := slow.Useless(); err != nil {
				t.Fatal(err)
			}
		}
		for n := range wire.MaxEmptyMessages + 1 {
			if err := fast.Useless(); (err != nil) != (n == wire.MaxEmptyMessages) || err != nil && !errors.Is(err, tranship.ErrIntegrity) {
				t.Fatalf("message %d: %v", n+1, err)
			}
		}
		fast.Useful()
		if err := fast.Useless(); err != nil {
			t.Error(err)
		}
	})
}

// TestIdleStopped checks that the messages of a time in which the client was stopped are not
// too many when they come at once, and that further ones are.
func TestIdleStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var idle wire.Idle
		if err := idle.Useless(); err != nil {
			t.Fatal(err)
		}
		const stopped = 5 * time.Hour
		time.Sleep(stopped)
		for range stopped / wire.MinKeepAlive {
			if err := idle.Useless(); err != nil {
				t.Fatal(err)
			}
		}
		for range stopped/wire.MinKeepAlive + wire.MaxEmptyMessages + 1 {
			if err := idle.Useless(); err != nil {
				return
			}
		}
		t.Error("more messages are not limited")
	})
}
