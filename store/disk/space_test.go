package disk

import (
	"testing"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

func TestSpaceIsPromisedOnce(t *testing.T) {
	const mib = 1 << 20
	system := realSystem()
	system.free = func(*rootfs.Dir) (int64, error) { return 10 * mib, nil }
	options := small
	options.MinFreeBytes = 2 * mib
	f := newFixture(t, options, system)
	begin := func(size *int64) (tranship.Upload, error) {
		return f.Begin(t.Context(), tranship.Spec{Path: "file", Size: size})
	}
	reserved := func(want int64) {
		t.Helper()
		if f.space.reserved != want {
			t.Errorf("%d bytes are reserved, want %d", f.space.reserved, want)
		}
	}
	_, err := begin(new(int64(8*mib + 1)))
	f.fails("Begin of more than is free", err, tranship.ErrNoSpace)
	reserved(0)

	first, err := begin(new(int64(7 * mib)))
	if err != nil {
		t.Fatal(err)
	}
	reserved(7 * mib)
	_, err = begin(new(int64(mib + 1)))
	f.fails("Begin of more than is left", err, tranship.ErrNoSpace)
	_, err = f.Put(t.Context(), tranship.Spec{Path: "small"}, make([]byte, mib))
	if err != nil {
		t.Errorf("Put that fills the rest: %v", err)
	}
	reserved(7 * mib)

	for range 2 { // a part that is written again takes no more space
		writer, err := first.Part(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := writer.Write(make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		reserved(7*mib - 1000)
	}

	unknown, err := begin(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unknown.Part(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	reserved(8*mib - 1000)
	_, err = unknown.Part(t.Context(), 1)
	f.fails("Part of an upload of unknown size", err, tranship.ErrNoSpace)

	for _, upload := range []tranship.Upload{first, unknown} {
		if err := upload.Abort(t.Context()); err != nil {
			t.Error(err)
		}
	}
	reserved(0)
	if _, err := f.Copy(t.Context(), "small", "copy", tranship.Precondition{}); err != nil {
		t.Error(err)
	}
	reserved(0)
}

// Half of the free space can be reserved no matter how much others have reserved, and puts and
// copies fit.
func TestSpaceIsShared(t *testing.T) {
	const mib = 1 << 20
	free := int64(64 * mib)
	system := unsynced()
	system.free = func(*rootfs.Dir) (int64, error) { return free, nil }
	f := newFixture(t, small, system)
	begin := func(owner string, size int64) (tranship.Upload, error) {
		spec := tranship.Spec{Path: "file-of-" + owner, Size: &size, ResumeKey: "key", Owner: owner}
		return f.Begin(t.Context(), spec)
	}
	all, err := begin("ann", 64*mib) // one may have all of it
	if err != nil {
		t.Fatal(err)
	}
	_, err = begin("ann", mib)
	f.fails("Begin of more by the same owner", err, tranship.ErrNoSpace)
	small := func(when string) {
		t.Helper()
		if _, err := f.Put(t.Context(), tranship.Spec{Path: "small", Owner: "ann"}, make([]byte, mib)); err != nil {
			t.Errorf("Put %s: %v", when, err)
		}
		if _, err := f.Copy(t.Context(), "small", "copy", tranship.Precondition{}); err != nil {
			t.Errorf("Copy %s: %v", when, err)
		}
	}
	small("beside one")
	_, err = f.Copy(tranship.NewCallerContext(t.Context(), "ann"), "small", "copy", tranship.Precondition{})
	f.fails("Copy by the same owner", err, tranship.ErrNoSpace)
	_, err = begin("ben", 32*mib+1)
	f.fails("Begin of more than half", err, tranship.ErrNoSpace)
	for _, owner := range []string{"ben", "cat", "dan", "eve"} { // together, too
		if _, err := begin(owner, 32*mib); err != nil {
			t.Errorf("Begin of half by %s: %v", owner, err)
		}
	}
	small("beside many")

	if err := all.Detach(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := f.Begin(t.Context(), tranship.Spec{Path: "another", Size: new(int64(64 * mib / 2)), Owner: "ann"}); err != nil {
		t.Errorf("a detached upload blocks its owner: %v", err)
	}
	for _, begun := range f.allSessions() {
		if err := begun.nextEpochLocked().Abort(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if f.space.reserved != 0 || len(f.space.owners) > 0 {
		t.Errorf("%d bytes are reserved, by owner %v", f.space.reserved, f.space.owners)
	}
}

// The minimum of free space stays free even if more was reserved than is free.
func TestLeastSpaceStaysFree(t *testing.T) {
	const mib = 1 << 20
	free := int64(10 * mib)
	real := unsynced()
	system := real
	system.free = func(*rootfs.Dir) (int64, error) { return free, nil }
	system.writeAt = func(file rootfs.File, offset int64, pieces ...[]byte) (int, error) {
		n, err := real.writeAt(file, offset, pieces...)
		free -= int64(n)
		return n, err
	}
	options := small
	options.MinFreeBytes = 4 * mib
	f := newFixture(t, options, system)
	first := f.begin(tranship.Spec{Path: "first", Size: new(int64(6 * mib)), Owner: "ann"})
	second := f.begin(tranship.Spec{Path: "second", Size: new(int64(3 * mib)), Owner: "ben"})
	content := make([]byte, 6*mib)
	f.write(first, content, 0, 1, 2, 3)
	f.write(second, content, 0)
	f.write(first, content, 4)
	f.fails("writing more than there is", f.tryWrite(second, content, 1), tranship.ErrNoSpace)
	if free < options.MinFreeBytes {
		t.Errorf("%d bytes are free", free)
	}
}
