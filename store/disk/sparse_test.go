package disk

import (
	"errors"
	"os"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/partfile"
	"github.com/tranship/tranship/internal/rootfs"
)

// clearings are the ways in which file systems clear a range: by a hole, if the system of the
// test can, and with zero bytes.
func clearings() map[string]func(file *os.File, offset, length int64) error {
	return map[string]func(*os.File, int64, int64) error{
		"as it can": rootfs.Clear,
		"written": func(file *os.File, offset, length int64) error {
			_, err := file.WriteAt(make([]byte, length), offset)
			return err
		},
	}
}

// tryZeros writes a part of zeros as one number.
func (f fixture) tryZeros(u tranship.Upload, n int, length int64) error {
	writer, err := u.Part(f.Context(), n)
	if err != nil {
		return err
	}
	return errors.Join(tranship.WriteZeros(writer, length), writer.Close())
}

// commits commits an upload whose parts are all written, and checks the file.
func (f fixture) commits(u tranship.Upload, path string, content []byte) {
	f.Helper()
	commit := tranship.Commit{Size: int64(len(content)), CRC32C: new(tranship.CRC32C(content))}
	if _, err := u.Commit(f.Context(), commit); err != nil {
		f.Fatalf("Commit: %v", err)
	}
	if read, err := f.read(path); err != nil || read != string(content) {
		f.Errorf("%s has %d bytes that differ, or %v", path, len(read), err)
	}
}

// An upload is cut in the middle of a hole and of bytes, and goes on with zeros where it had
// bytes and with bytes where it had zeros.
func TestZerosAfterCut(t *testing.T) {
	for name, clear := range clearings() {
		for _, reopened := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				system := unsynced()
				system.clear = clear
				f := newFixture(t, small, system).withTinyParts()
				old, content := noise(1, 6*tiny), noise(2, 6*tiny)
				copy(content[:tiny], make([]byte, tiny))                 // part 0: durable zeros
				copy(content[tiny+100:], make([]byte, 2*tiny))           // parts 1, 2 and 3: stale bytes
				copy(content[4*tiny+100:5*tiny-100], make([]byte, tiny)) // part 4: bytes, zeros, bytes
				copy(content[5*tiny:], make([]byte, tiny))               // part 5: cut in the hole
				spec := resumable("file", content)
				u := f.begin(spec)
				if err := f.tryZeros(u, 0, tiny); err != nil {
					t.Fatal(err)
				}
				f.sync(u)
				for n := 1; n <= 4; n++ { // not whole: all but a byte
					writer, err := u.Part(t.Context(), n)
					if err == nil {
						_, err = writer.Write(cut(old, tiny, n)[:tiny-1])
					}
					if err = errors.Join(err, writer.Close()); err != nil {
						t.Fatal(err)
					}
				}
				writer, err := u.Part(t.Context(), 5)
				if err == nil {
					err = tranship.WriteZeros(writer, tiny/2)
				}
				if err = errors.Join(err, writer.Close()); err != nil {
					t.Fatal(err)
				}
				f.detach(u)
				if reopened {
					f = f.reopen()
					f.withTinyParts()
				}
				u = f.begin(spec)
				f.has(u, content, 0)
				for n := 1; n < 6; n++ {
					writer, err := u.Part(t.Context(), n)
					if err == nil {
						err = writeRuns(writer, cut(content, tiny, n))
					}
					if err = errors.Join(err, writer.Close()); err != nil {
						t.Fatal(err)
					}
				}
				f.commits(u, "file", content)
			})
		}
	}
}

// writeRuns writes the zeros of data, which are more than one at a time, as numbers.
func writeRuns(writer tranship.PartWriter, data []byte) error {
	for len(data) > 0 {
		n := 1
		for n < len(data) && (data[n] == 0) == (data[0] == 0) {
			n++
		}
		if data[0] == 0 {
			if err := tranship.WriteZeros(writer, int64(n)); err != nil {
				return err
			}
		} else if _, err := writer.Write(data[:n]); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

// A client sends a part as zeros, which take no space, and again as bytes, which do. The bytes
// must leave the space that must stay free. So must bytes over the zeros of an upload that is
// resumed.
func TestBytesOverZerosTakeSpace(t *testing.T) {
	const mib = 1 << 20
	for _, reopened := range []bool{false, true} {
		free := int64(10 * mib)
		system := unsynced()
		system.free = func(*rootfs.Dir) (int64, error) { return free, nil }
		options := small
		options.MinFreeBytes = 4 * mib
		f := newFixture(t, options, system)
		content := noise(1, 6*mib)
		spec := resumable("file", content)
		u := f.begin(spec)
		for n := range 6 {
			if err := f.tryZeros(u, n, mib); err != nil {
				t.Fatal(err)
			}
		}
		f.sync(u)
		if reopened {
			f.detach(u)
			f = f.reopen()
			u = f.begin(spec)
		}
		free = 4*mib + 100 // others have taken the rest
		f.space.room = 0
		f.fails("bytes over zeros", f.tryWrite(u, content, 0), tranship.ErrNoSpace)
	}
}

// An upload of unknown size has no more parts than the free space is for, although zeros take
// none of it.
func TestZerosOfUnknownSize(t *testing.T) {
	const mib = 1 << 20
	system := unsynced()
	system.free = func(*rootfs.Dir) (int64, error) { return 10 * mib, nil }
	f := newFixture(t, small, system)
	f.Store.options.unknownPartSize = mib
	u := f.begin(tranship.Spec{Path: "file"})
	for n := range 10 {
		if err := f.tryZeros(u, n, mib); err != nil {
			t.Fatal(err)
		}
	}
	f.fails("more parts than there is space", f.tryZeros(u, 10, mib), tranship.ErrNoSpace)
	if _, err := u.Commit(t.Context(), tranship.Commit{Size: 10 * mib, CRC32C: new(tranship.ZerosCRC32C(10 * mib))}); err != nil {
		t.Fatal(err)
	}
	if f.space.reserved != 0 {
		t.Errorf("%d bytes are still reserved", f.space.reserved)
	}
}

// Parts that have bytes and are not whole are forgotten when there are too many of them. Zeros
// then replace their bytes, too.
func TestZerosOverForgottenParts(t *testing.T) {
	const parts = partfile.MaxUnfinished + 20
	for _, clear := range clearings() {
		system := unsynced()
		system.clear = clear
		f := newFixture(t, small, system).withTinyParts()
		old, content := noise(1, parts*tiny), make([]byte, parts*tiny)
		u := f.begin(tranship.Spec{Path: "file", Size: new(int64(len(content)))})
		for n := range parts {
			writer, err := u.Part(t.Context(), n)
			if err != nil {
				t.Fatal(err)
			}
			_, err = writer.Write(cut(old, tiny, n)[1:])
			if err := errors.Join(err, writer.Close()); err != nil {
				t.Fatal(err)
			}
		}
		for n := range parts {
			if err := f.tryZeros(u, n, tiny); err != nil {
				t.Fatal(err)
			}
		}
		f.commits(u, "file", content)
	}
}
