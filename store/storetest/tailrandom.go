package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/tranship/tranship"
)

// tailModel is what an upload with tails should have.
type tailModel struct {
	fixture
	random *rand.Rand
	spec   tranship.Spec
	data   []byte
	upload tranship.Upload
	// whole has the parts that were written. It says which have to be durable after a Detach.
	whole map[int]bool
	// part is the number of the part with the tail, and length that of the tail; 0 for none.
	part, length int
}

// tailRandom does what uploads do, in random order, and compares with a model after each step.
// All bytes that stay are those of the data: others are in writers that fail, or are dropped.
func tailRandom(f fixture) {
	ability[tranship.TailKeeper](f, f.beginNew(resumable("probe", "key", []byte("data"))))
	for seed := range uint64(6) {
		data := f.parted(byte(seed + 1))
		spec := resumable(fmt.Sprint("file", seed), "key", data)
		m := tailModel{fixture: f, random: rand.New(rand.NewPCG(seed, 7)), spec: spec, data: data, upload: f.beginNew(spec), whole: make(map[int]bool)}
		for range 60 {
			m.step()
			m.check()
		}
		f.finish(m.upload, data)
	}
}

// check compares the tail and the parts that have to be durable.
func (m *tailModel) check() {
	m.Helper()
	if m.length > 0 {
		m.hasTail(m.upload, m.part, pieces(m.upload, m.data)[m.part][:m.length])
	} else {
		m.hasNoTail(m.upload)
	}
	numbers, err := durable(m.upload, m.data)
	if err != nil {
		m.Fatal(err)
	}
	for _, n := range numbers {
		if !m.whole[n] {
			m.Fatalf("part %d is durable, and should not be", n)
		}
	}
}

// some returns a number of bytes from least to most.
func (m *tailModel) some(least, most int) int { return least + m.random.IntN(most-least+1) }

// step does one random thing.
func (m *tailModel) step() {
	m.Helper()
	all := pieces(m.upload, m.data)
	n := m.random.IntN(len(all))
	switch m.random.IntN(8) {
	case 0: // a whole part, or as much of one as is not kept
		end := m.some(0, len(all[n]))
		if m.random.IntN(2) == 0 {
			end = len(all[n])
		}
		m.begins(n)
		m.writePart(m.upload, n, all[n][:end])
		m.whole[n] = end == len(all[n])
	case 1, 2: // a tail
		end := m.some(0, len(all[n]))
		m.begins(n)
		m.writeTail(m.upload, n, all[n][:end])
		m.closesTail(n, end)
	case 3, 4, 5: // more of it
		if m.length == 0 {
			return
		}
		end := m.some(m.length, len(all[m.part]))
		m.continueTail(m.upload, all[m.part][m.length:end])
		m.closesTail(m.part, end)
	case 6: // other bytes, by a writer that nothing comes of
		if m.length == 0 {
			return
		}
		writer := m.continuePart(m.upload)
		m.write(writer, content(200, int64(m.some(0, len(all[m.part])-m.length-1))))
		switch m.random.IntN(3) {
		case 0:
			m.closeWriter(writer)
		case 1:
			m.resumes()
		default:
			end := m.some(m.length, len(all[m.part]))
			m.continueTail(m.upload, all[m.part][m.length:end])
			m.closesTail(m.part, end)
		}
	case 7:
		if m.random.IntN(2) == 0 {
			m.detach(m.upload)
			m.resumes()
			for n := range all {
				if m.whole[n] != contains(m.fixture, m.upload, m.data, n) {
					m.Fatalf("part %d is durable after Detach: %v, want %v", n, !m.whole[n], m.whole[n])
				}
			}
			return
		}
		_, err := m.upload.Commit(m.Context(), tranship.Commit{Size: int64(len(m.data) + 1)})
		if !errors.Is(err, tranship.ErrInvalid) {
			m.Fatalf("Commit of another size is %v, want ErrInvalid", err)
		}
		m.resumes()
	}
}

// contains reports whether a part of an upload is durable.
func contains(f fixture, upload tranship.Upload, data []byte, n int) bool {
	f.Helper()
	numbers, err := durable(upload, data)
	if err != nil {
		f.Fatal(err)
	}
	for _, number := range numbers {
		if number == n {
			return true
		}
	}
	return false
}

// begins says that Part was called.
func (m *tailModel) begins(n int) {
	delete(m.whole, n)
	if m.part == n {
		m.length = 0
	}
}

// closesTail says that CloseTail ended a writer of part n, whose bytes then reach end.
func (m *tailModel) closesTail(n, end int) {
	switch {
	case end == len(pieces(m.upload, m.data)[n]):
		m.whole[n] = true
		if m.part == n {
			m.length = 0
		}
	case end > 0:
		m.part, m.length = n, end
	}
}

// resumes begins the next epoch.
func (m *tailModel) resumes() {
	m.Helper()
	m.upload = m.resume(m.upload, m.spec)
}

// tailConcurrency grows a tail while other goroutines write and sync parts, and look.
func tailConcurrency(f fixture) {
	upload, spec, data := f.tailed()
	parts := pieces(upload, data)
	keeper := ability[tranship.TailKeeper](f, upload)
	f.writeTail(upload, 0, parts[0][:1])
	const steps = 40
	done := make(chan struct{})
	errs := together(4, func(i int) error {
		if i == 0 {
			defer close(done)
			return growTail(f, upload, parts[0], steps)
		}
		for {
			var err error
			switch i {
			case 1:
				err = writePart(f.Context(), upload, 1, parts[1])
			case 2:
				err = upload.Sync(f.Context())
				_, wrong := durable(upload, data)
				err = errors.Join(err, wrong)
			default:
				tail := keeper.Tail()
				if tail.Offset != 0 || tail.Length < 1 || tail.Length > steps || *tail.CRC32C != tranship.CRC32C(data[:tail.Length]) {
					err = fmt.Errorf("the tail is %+v", tail)
				}
			}
			if err != nil {
				return err
			}
			select {
			case <-done:
				return nil
			default:
			}
		}
	})
	if err := errors.Join(errs...); err != nil {
		f.Fatal(err)
	}
	f.hasTail(upload, 0, parts[0][:steps])
	f.detach(upload)
	upload = f.resume(upload, spec)
	f.hasTail(upload, 0, parts[0][:steps])
	f.isDurable(upload, data, 1)
	f.continueTail(upload, parts[0][steps:])
	f.finish(upload, data)
}

// growTail makes a tail of one byte longer, byte by byte.
func growTail(f fixture, upload tranship.Upload, part []byte, length int) error {
	keeper, _ := tranship.As[tranship.TailKeeper](upload)
	for i := 1; i < length; i++ {
		writer, err := keeper.ContinuePart(f.Context())
		if err != nil {
			return err
		}
		if _, err := writer.Write(part[i : i+1]); err != nil {
			return err
		}
		closer, ok := tranship.As[tranship.TailWriter](writer)
		if !ok {
			return errors.New("the writer of ContinuePart has no TailWriter")
		}
		if err := closer.CloseTail(); err != nil {
			return err
		}
	}
	return nil
}
