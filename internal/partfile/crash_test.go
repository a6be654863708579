package partfile

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

// shadow is what a process, and the machine, would leave of a file.
type shadow struct{ written, synced []byte }

func (s *shadow) write(offset int64, data []byte) {
	if grow := int(offset) + len(data) - len(s.written); grow > 0 {
		s.written = append(s.written, make([]byte, grow)...)
	}
	copy(s.written[offset:], data)
}

// resize cuts the file off, or makes it longer.
func (s *shadow) resize(size int64) {
	if grow := int(size) - len(s.written); grow > 0 {
		s.written = append(s.written, make([]byte, grow)...)
	}
	s.written = s.written[:size]
}

// crashing has a File, and calls check after each change of its two files.
type crashing struct {
	*File
	data, log shadow
	check     func()
	// failing, when not nil, may make a call fail.
	failing func(call string) error
}

const (
	crashParts    = 5
	crashPartSize = 100
	crashSize     = crashParts*crashPartSize - 30
)

func newCrashing(t *testing.T, durable, background bool) *crashing {
	t.Helper()
	c := &crashing{check: func() {}, failing: func(string) error { return nil }}
	open := func(name string) *os.File {
		file, err := os.OpenFile(filepath.Join(t.TempDir(), name), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	data, log := open("data"), open("journal")
	of := func(file rootfs.File) *shadow {
		if file == data {
			return &c.data
		}
		return &c.log
	}
	system := System{
		WriteAt: func(file rootfs.File, offset int64, pieces ...[]byte) (int, error) {
			if err := c.failing("write"); err != nil {
				return 0, err
			}
			of(file).write(offset, slices.Concat(pieces...))
			c.check()
			return RealSystem().WriteAt(file, offset, pieces...)
		},
		Sync: func(file rootfs.File) error {
			if err := c.failing("sync"); err != nil {
				return err
			}
			s := of(file)
			s.synced = bytes.Clone(s.written)
			c.check()
			return nil
		},
		Truncate: func(file *os.File, size int64) error {
			if file == data {
				c.data.resize(size)
				c.check()
			}
			return file.Truncate(size)
		},
		Clear: func(file *os.File, offset, length int64) error {
			if err := c.failing("clear"); err != nil {
				return err
			}
			clear(c.data.written[offset:min(offset+length, int64(len(c.data.written)))])
			c.check()
			return RealSystem().Clear(file, offset, length)
		},
	}
	c.File = New(Config{
		System: system, Path: "file", Size: new(int64(crashSize)), PartSize: crashPartSize, Background: background,
		Durable: func() bool { return durable },
		Explain: func(op string, err error) error { return fmt.Errorf("cannot %s: %w", op, err) },
	})
	journal := NewJournal(system, "ID", crashSize, crashPartSize)
	journal.Open(log)
	c.Open(data, journal)
	t.Cleanup(func() { _ = c.Close() })
	if err := c.RecordHeader(false, headerOf(crashSize, crashPartSize, 1)); err != nil {
		t.Fatal(err)
	}
	return c
}

// mustHold fails unless every part of a journal is what it says in the data.
func mustHold(t *testing.T, what string, data, log []byte) (parts int) {
	t.Helper()
	h, _ := ReadJournal("ID", log, shapeOf())
	for n, crc := range h.Parts {
		end := n*crashPartSize + h.length(n)
		if end > int64(len(data)) || tranship.CRC32C(data[n*crashPartSize:end]) != crc {
			t.Fatalf("%s: part %d is not what the journal says", what, n)
		}
	}
	if h.Tail != nil {
		start := h.Tail.Number * crashPartSize
		end := start + h.Tail.Length
		if end > int64(len(data)) || tranship.CRC32C(data[start:end]) != h.Tail.CRC32C {
			t.Fatalf("%s: the tail of part %d is not what the journal says", what, h.Tail.Number)
		}
	}
	return len(h.Parts)
}

// writePart writes a part in pieces, some of which are zeros, or the first of them.
func (c *crashing) writePart(t *testing.T, random *rand.Rand, n int64, whole bool) error {
	w, err := c.Part(t.Context(), n, func() error { return nil })
	if err != nil {
		return err
	}
	data := make([]byte, c.length(n))
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	if !whole {
		data = data[:10]
	}
	if err := writePieces(w, random, data); err != nil {
		return err
	}
	if random.IntN(2) == 0 {
		return w.CloseTail()
	}
	return w.Close()
}

// continuePart continues the tail, if there is one, up to any byte.
func (c *crashing) continuePart(t *testing.T, random *rand.Rand) error {
	w, err := c.ContinuePart(t.Context(), func() error { return nil })
	if errors.Is(err, tranship.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	data := make([]byte, random.Int64N(w.most-w.continued+1))
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	if err := writePieces(w, random, data); err != nil {
		return err
	}
	switch random.IntN(4) {
	case 0:
		return w.Close()
	case 1:
		w.Discard()
		return nil
	}
	return w.CloseTail()
}

// writePieces writes data in pieces, some of which are zeros.
func writePieces(w *Writer, random *rand.Rand, data []byte) (err error) {
	for piece := range slices.Chunk(data, 40) {
		if random.IntN(3) == 0 {
			err = w.WriteZeros(int64(len(piece)))
		} else {
			_, err = w.Write(piece)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Whenever a process or the machine ends, every part and tail that the journal has is what it says:
// parts are begun again, left unfinished, continued, and synced, in any order, and the files are
// looked at after each write and sync.
func TestCrashAnywhere(t *testing.T) {
	for seed := range uint64(20) {
		for _, durable := range []bool{true, false} {
			for _, background := range []bool{true, false} {
				c := newCrashing(t, durable, background)
				var most, tails int
				c.check = func() {
					most = max(most, mustHold(t, "the process ended", c.data.written, c.log.written))
					if !durable {
						return
					}
					for _, data := range [][]byte{c.data.synced, c.data.written} {
						for _, log := range [][]byte{c.log.synced, c.log.written} {
							mustHold(t, "the machine ended", data, log)
						}
					}
				}
				random := rand.New(rand.NewPCG(seed, 1))
				for range 60 {
					if err := c.writePart(t, random, random.Int64N(crashParts), random.IntN(4) > 0); err != nil {
						t.Fatal(err)
					}
					if err := c.continuePart(t, random); err != nil {
						t.Fatal(err)
					}
					if _, ok := c.Tail(); ok {
						tails++
					}
					if random.IntN(5) == 0 {
						if err := c.Sync(); err != nil {
							t.Fatal(err)
						}
						if got := len(c.DurableParts()); got != mustHold(t, "synced", c.data.written, c.log.written) {
							t.Errorf("%d parts are durable", got)
						}
					}
				}
				if most < 2 || tails < 2 {
					t.Errorf("seed %d, durable %v, background %v: %d parts at most, a tail %d times", seed, durable, background, most, tails)
				}
			}
		}
	}
}

// After a failed sync nothing counts and nothing succeeds; after a failed write of the
// journal the parts count when they are synced the next time.
func TestFailures(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	broken := errors.New("broken")
	for call, final := range map[string]bool{"sync": true, "write": false} {
		c := newCrashing(t, true, true)
		if err := c.writePart(t, random, 0, true); err != nil {
			t.Fatal(err)
		}
		c.failing = func(got string) error {
			if got == call {
				return broken
			}
			return nil
		}
		if err := c.Sync(); !errors.Is(err, broken) || len(c.DurableParts()) > 0 {
			t.Errorf("%s: %v, %v", call, err, c.DurableParts())
		}
		c.failing = func(string) error { return nil }
		err := c.Sync()
		if (err != nil) != final || final != (c.Failure() != nil) || len(c.DurableParts()) > 0 == final {
			t.Errorf("%s, again: %v, %v, %v", call, err, c.Failure(), c.DurableParts())
		}
	}
}
