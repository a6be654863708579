package web

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/filetest"
)

// pacedBody takes some time for each KiB.
type pacedBody struct {
	io.Reader
	pace time.Duration
}

func (b pacedBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p[:min(len(p), 64<<10)])
	time.Sleep(b.pace * time.Duration(n>>10))
	return n, err
}

// receiveAll receives a body, which must be data, and returns the lengths of its pieces in KiB.
func receiveAll(t *testing.T, r *receiver, data []byte) (lengths []int) {
	t.Helper()
	var got []byte
	for last := false; !last; {
		var piece []byte
		var release func()
		var err error
		if piece, release, last, err = r.next(); err != nil {
			t.Fatal(err)
		}
		got = append(got, piece...)
		if len(piece) > 0 {
			lengths = append(lengths, len(piece)>>10)
		}
		release()
	}
	if !bytes.Equal(got, data) {
		t.Errorf("%d bytes came of %d, or others", len(got), len(data))
	}
	return lengths
}

// TestReceiver receives bodies that come fast, slowly, and in records of TLS.
func TestReceiver(t *testing.T) {
	data := filetest.Random(3<<20 + 300<<10)
	small := append(slices.Repeat([]int{256}, 13), 44)
	for name, test := range map[string]struct {
		pace    time.Duration
		small   bool
		unknown bool
		want    []int
	}{
		"fast":         {pace: time.Second / (fastBytes >> 10), want: []int{256, 768, 1024, 1024, 300}},
		"unknown size": {unknown: true, want: []int{256, 768, 1024, 1024, 300}},
		"slow":         {pace: time.Second/(fastBytes>>10) + time.Microsecond, want: small},
		"TLS":          {small: true, want: small},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &receiver{body: pacedBody{bytes.NewReader(data), test.pace}, pieces: &pieces{}, small: test.small}
				if !test.unknown {
					r.size = new(int64(len(data)))
				}
				if got := receiveAll(t, r, data); !slices.Equal(got, test.want) {
					t.Errorf("pieces of %d KiB, want %d", got, test.want)
				}
				if left := r.pieces.large.Load(); left != 0 {
					t.Errorf("%d large pieces are in use after the last was given back", left)
				}
			})
		})
	}
}

// TestReceiverBroken checks that a body that ends early or fails is an error, and that the piece it has
// begun is given back.
func TestReceiverBroken(t *testing.T) {
	broken := errors.New("broken")
	data := filetest.Random(pieceBytes + 1)
	for name, test := range map[string]struct {
		end  error
		size int64
	}{
		"ends a byte early":    {io.EOF, int64(len(data)) + 1},
		"ends with its second": {io.EOF, largePieceBytes * 2},
		"fails":                {broken, largePieceBytes * 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				body := io.MultiReader(bytes.NewReader(data), failing{test.end})
				r := &receiver{body: body, pieces: &pieces{}, size: &test.size}
				_, release, last, err := r.next()
				if err != nil || last {
					t.Fatalf("the first piece: the last %v, %v", last, err)
				}
				release()
				if _, _, _, err := r.next(); !errors.Is(err, tranship.ErrInvalid) {
					t.Errorf("the rest: %v", err)
				}
				if left := r.pieces.large.Load(); left != 0 {
					t.Errorf("%d large pieces are in use", left)
				}
			})
		})
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestLargePieces checks that no more than largePieces are in use, whatever is asked for at once, and
// that all can be used again.
func TestLargePieces(t *testing.T) {
	var p pieces
	for range 3 {
		var mu sync.Mutex
		var large int
		var releases []func()
		var asking sync.WaitGroup
		for range 4 * largePieces {
			asking.Go(func() {
				buffer, release := p.get(largePieceBytes)
				mu.Lock()
				defer mu.Unlock()
				releases = append(releases, release)
				switch len(buffer) {
				case largePieceBytes:
					large++
				case pieceBytes:
				default:
					t.Errorf("a piece of %d bytes", len(buffer))
				}
			})
		}
		asking.Wait()
		if large == 0 || large > largePieces {
			t.Errorf("%d large pieces", large)
		}
		for _, release := range releases {
			asking.Go(release)
		}
		asking.Wait()
		if left := p.large.Load(); left != 0 {
			t.Errorf("%d large pieces are in use after all were given back", left)
		}
	}
}
