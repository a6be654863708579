package transfer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
)

// Reading goes on after a lost connection and after a stall, from where it was.
func TestReaderGoesOn(t *testing.T) {
	for _, lost := range []string{"cut", "stalled"} {
		synctest.Test(t, func(t *testing.T) {
			data, cuts := random(6<<20), 0
			store := &mem.Store{}
			putLarge(t, store, "a", data)
			source := opener(func(ctx context.Context, options tranship.OpenOptions) (tranship.Content, error) {
				c, err := store.Open(ctx, "a", options)
				if err != nil {
					return nil, err
				}
				if cuts++; cuts%2 == 0 {
					return nil, errGone
				}
				left := 100_000
				return content{readerFunc(func(p []byte) (int, error) {
					switch {
					case left == 0 && lost == "stalled":
						<-ctx.Done()
						return 0, ctx.Err()
					case left == 0:
						return 0, errGone
					}
					n, err := c.Read(p[:min(len(p), left)])
					left -= n
					return n, err
				}), c.File()}, nil
			})
			r, err := NewReader(t.Context(), source, "a", ReaderOptions{StallTimeout: time.Second})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = r.Close() }()
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s: %d bytes, %v", lost, len(got), err)
			}
		})
	}
}

// A server that is gone for good ends the read.
func TestReaderGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := opener(func(context.Context, tranship.OpenOptions) (tranship.Content, error) { return nil, errGone })
		if _, err := NewReader(t.Context(), gone, "a", ReaderOptions{Attempts: 3}); !errors.Is(err, tranship.ErrUnavailable) {
			t.Errorf("error %v", err)
		}
	})
}

// A slow caller is no stall of the source.
func TestReaderOfSlowCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFaulty()
		putLarge(t, store, "a", random(1000))
		opened := 0
		store.open = func(_ string, c tranship.Content) (tranship.Content, error) { opened++; return c, nil }
		r, err := NewReader(t.Context(), store, "a", ReaderOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.Close() }()
		for range 10 {
			time.Sleep(time.Hour)
			if _, err := io.ReadFull(r, make([]byte, 100)); err != nil {
				t.Fatal(err)
			}
		}
		if opened != 1 {
			t.Errorf("opened %d ranges", opened)
		}
	})
}

// Bytes that are read in order are verified as a whole, across ranges.
func TestReaderVerifies(t *testing.T) {
	store := newFaulty()
	putLarge(t, store, "a", random(3<<20))
	store.open = func(_ string, c tranship.Content) (tranship.Content, error) {
		first := true
		return content{readerFunc(func(p []byte) (int, error) {
			n, err := c.Read(p)
			if n > 0 && first {
				p[0] ^= 1
				first = false
			}
			return n, err
		}), c.File()}, nil
	}
	r := newReader(t, store, "a")
	if n, err := io.Copy(io.Discard, r); !errors.Is(err, tranship.ErrIntegrity) || n >= 3<<20 {
		t.Errorf("read %d bytes, %v", n, err)
	}
}
