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

// A copy to the standard output that is cut is not begun again: what is out already
// would come out twice.
func TestCutBeforeStdout(t *testing.T) {
	const size = 5 << 20
	for _, listed := range []int64{size, -1} {
		synctest.Test(t, func(t *testing.T) {
			source := newFaulty()
			fill(t, source, map[string]int{"a": size})
			source.open = func(_ string, c tranship.Content) (tranship.Content, error) {
				left := 3 << 20
				cut := func(p []byte) (int, error) {
					if left == 0 {
						return 0, errGone
					}
					n, err := c.Read(p[:min(len(p), left)])
					left -= n
					return n, err
				}
				return content{readerFunc(cut), c.File()}, nil
			}
			var out bytes.Buffer
			got := results{}
			err := Copy(t.Context(), Stdout{&out}, itemOf(source, "a", listed), Options{Report: got.report(t)})
			if !errors.Is(err, tranship.ErrUnavailable) || got["a"].Attempts != 1 {
				t.Errorf("listed as %d: %v, %+v", listed, err, got["a"])
			}
			if !bytes.HasPrefix(random(size), out.Bytes()) {
				t.Errorf("listed as %d: the %d bytes that came out are not how the file begins", listed, out.Len())
			}
		})
	}
}

// The programs that read the standard output or write the standard input may take
// their time: only the other end of the copy can stall.
func TestSlowPipes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 5 << 20
		store := &mem.Store{}
		fill(t, store, map[string]int{"a": size})
		for _, listed := range []int64{size, -1} {
			var out bytes.Buffer
			slowly := writerFunc(func(p []byte) (int, error) {
				time.Sleep(time.Hour)
				return out.Write(p)
			})
			if err := Copy(t.Context(), Stdout{slowly}, itemOf(store, "a", listed), Options{}); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(out.Bytes(), random(size)) {
				t.Errorf("listed as %d: the %d bytes that came out are not the file", listed, out.Len())
			}
		}
		in := bytes.NewReader(random(size))
		slowly := readerFunc(func(p []byte) (int, error) {
			time.Sleep(time.Hour)
			return in.Read(p)
		})
		if err := Copy(t.Context(), store, itemOf(&Stdin{Reader: slowly}, "-", -1), Options{}); err != nil {
			t.Fatal(err)
		}
		mustHave(t, store, "copy", random(size))
	})
}

// The side that is no pipe stalls as ever.
func TestStallBesidePipe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 5 << 20
		stalling := &stallingStore{Store: &mem.Store{}, writes: 2}
		begun := time.Now()
		err := Copy(t.Context(), stalling, itemOf(&Stdin{Reader: bytes.NewReader(random(size))}, "-", -1), Options{})
		if took := time.Since(begun); !errors.Is(err, tranship.ErrUnavailable) || took > 31*time.Second {
			t.Errorf("up: %v after %v", err, took)
		}
		source := opener(func(ctx context.Context, _ tranship.OpenOptions) (tranship.Content, error) {
			return content{io.MultiReader(bytes.NewReader(random(2<<20)), readerFunc(func([]byte) (int, error) {
				<-ctx.Done()
				return 0, ctx.Err()
			})), tranship.File{Size: size}}, nil
		})
		begun = time.Now()
		err = Copy(t.Context(), Stdout{io.Discard}, itemOf(source, "a", size), Options{})
		if took := time.Since(begun); !errors.Is(err, tranship.ErrUnavailable) || took > 31*time.Second {
			t.Errorf("down: %v after %v", err, took)
		}
	})
}
