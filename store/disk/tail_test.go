package disk

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/partfile"
	"github.com/tranship/tranship/internal/rootfs"
)

// writeTail makes content, which begins part n, the tail.
func (f fixture) writeTail(u *upload, n int, content []byte) {
	f.Helper()
	writer, err := u.Part(f.Context(), n)
	if err != nil {
		f.Fatal(err)
	}
	f.closeTail(writer, content)
}

// continueTail makes content, behind the tail, a part of it.
func (f fixture) continueTail(u *upload, content []byte) {
	f.Helper()
	writer, err := u.ContinuePart(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	f.closeTail(writer, content)
}

func (f fixture) closeTail(writer tranship.PartWriter, content []byte) {
	f.Helper()
	if err := tryCloseTail(writer, content); err != nil {
		f.Fatal(err)
	}
}

func tryCloseTail(writer tranship.PartWriter, content []byte) error {
	if _, err := writer.Write(content); err != nil {
		return errors.Join(err, writer.Close())
	}
	return writer.(tranship.TailWriter).CloseTail()
}

// hasTail checks the tail, of part n; 0 bytes for none.
func (f fixture) hasTail(u *upload, content []byte, n, length int) {
	f.Helper()
	got := u.Tail()
	if got.Length != int64(length) || length > 0 && got.Offset != int64(n)*u.PartSize() {
		f.Fatalf("the tail has %d bytes from %d, want %d of part %d", got.Length, got.Offset, length, n)
	}
	if length > 0 && *got.CRC32C != tranship.CRC32C(cut(content, u.PartSize(), n)[:length]) {
		f.Fatalf("the tail of %d bytes has another checksum", length)
	}
}

// Each byte of a part is a tail of its own: the journal stays short, although its limit is less
// than what the tails take, and other writers at work lose nothing.
func TestJournalOfManyTailsIsBounded(t *testing.T) {
	f := newFixture(t, small, unsynced()).withTinyParts()
	content := noise(1, 3*tiny)
	u := f.begin(resumable("file", content))
	limit := partfile.JournalLimit(int64(len(content)), tiny)
	beside, err := u.Part(t.Context(), 1)
	if err == nil {
		_, err = beside.Write(content[tiny : 2*tiny-1])
	}
	if err != nil {
		t.Fatal(err)
	}
	f.write(u, content, 2) // in no group yet when the journal is written anew
	f.writeTail(u, 0, content[:1])
	var written int64
	for n := 1; n < tiny; n++ {
		before := u.parts.Journal().Bytes()
		f.continueTail(u, content[n:n+1])
		if after := u.parts.Journal().Bytes(); after > limit {
			t.Fatalf("the journal has %d bytes, want at most %d", after, limit)
		} else if after > before {
			written += after - before
		}
	}
	if written < limit {
		t.Errorf("the tails took only %d bytes, too few for a limit of %d", written, limit)
	}
	if _, err := beside.Write(content[2*tiny-1 : 2*tiny]); err != nil {
		t.Fatal(err)
	}
	if err := beside.Close(); err != nil {
		t.Fatal(err)
	}
	f.sync(u)
	f.has(u, content, 0, 1, 2)
	f.detach(u)
	f = f.reopen()
	u = f.begin(resumable("file", content))
	f.has(u, content, 0, 1, 2)
	f.finish(u, "file", content)
}

// A tail whose record cannot be written leaves the one before; after a sync that fails, the upload
// is over.
func TestTailThatCannotBeRecorded(t *testing.T) {
	broken := errors.New("broken")
	for call, final := range map[string]bool{"journal": false, "sync": true} {
		t.Run(call, func(t *testing.T) {
			system := unsynced()
			failing := false
			write := system.writeAt
			system.writeAt = func(file rootfs.File, offset int64, pieces ...[]byte) (int, error) {
				if failing && call == "journal" && strings.HasSuffix(file.Name(), journalName("")) {
					return 0, broken
				}
				return write(file, offset, pieces...)
			}
			system.sync = func(rootfs.File) error {
				if failing && call == "sync" {
					return broken
				}
				return nil
			}
			f := newFixture(t, small, system).withTinyParts()
			content := noise(1, 2*tiny)
			u := f.begin(resumable("file", content))
			f.writeTail(u, 0, content[:100])
			writer, err := u.ContinuePart(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			failing = true
			if err := tryCloseTail(writer, content[100:200]); !errors.Is(err, broken) {
				t.Fatalf("CloseTail is %v, want the failure", err)
			}
			failing = false
			if final {
				f.hasTail(u, content, 0, 0)
				_, err = u.ContinuePart(t.Context())
				f.fails("ContinuePart after a sync that failed", err, broken)
				u = f.begin(resumable("file", content))
				if u.Epoch() != 1 {
					t.Errorf("the upload was resumed after a sync that failed")
				}
				f.hasTail(u, content, 0, 0)
			} else {
				f.hasTail(u, content, 0, 100)
				f.continueTail(u, content[100:200])
				f.hasTail(u, content, 0, 200)
			}
			f.finish(u, "file", content)
		})
	}
}

// After a boot, a tail that was not synced counts only if its bytes have their checksum. One whose
// bytes were cut off does not count at all.
func TestTailAfterBoot(t *testing.T) {
	content := noise(1, 2*tiny)
	for name, test := range map[string]struct {
		damage func(file *os.File) error
		left   int
	}{
		"whole":   {func(*os.File) error { return nil }, 1000},
		"cut off": {func(file *os.File) error { return file.Truncate(tiny + 999) }, 0},
		"lost":    {func(file *os.File) error { _, err := file.WriteAt([]byte("lost"), tiny+500); return err }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			system := unsynced()
			boot := "first"
			system.boot = func() string { return boot }
			f := newFixture(t, small, system).withTinyParts()
			spec := resumable("file", content)
			spec.Durability = tranship.DurabilityWritten
			u := f.begin(spec)
			f.writeTail(u, 1, content[tiny:tiny+1000])
			f.detach(u)
			boot = "second"
			file, err := os.OpenFile(f.at(uploadsDirectory+"/"+u.ID()), os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(test.damage(file), file.Close()); err != nil {
				t.Fatal(err)
			}
			f = f.reopen()
			for info, err := range f.ListUploads(t.Context(), "") {
				if err != nil || info.DurableBytes != 0 {
					t.Errorf("a tail that was not verified counts as durable: %+v, %v", info, err)
				}
			}
			u = f.begin(spec)
			f.hasTail(u, content, 1, test.left)
			f.detach(u)
			u = f.begin(spec)
			f.hasTail(u, content, 1, test.left)
			if test.left > 0 {
				f.continueTail(u, content[tiny+test.left:])
			}
			f.finish(u, "file", content)
		})
	}
}

// The room of a tail counts once, however often the part goes on.
func TestTailTakesItsRoomOnce(t *testing.T) {
	f := newFixture(t, small, unsynced()).withTinyParts()
	content := noise(1, 2*tiny)
	spec := resumable("file", content)
	u := f.begin(spec)
	f.writeTail(u, 0, content[:100])
	for n := 100; n < 1000; n += 100 {
		if n%300 == 0 {
			f.detach(u)
			f = f.reopen()
		}
		u = f.begin(spec)
		f.continueTail(u, content[n:n+100])
		if got := u.reserved.left; got != int64(len(content)-n-100) {
			t.Fatalf("%d bytes are reserved for the rest, want %d", got, len(content)-n-100)
		}
	}
	f.finish(u, "file", content)
}
