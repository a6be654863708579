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
		t.Errorf("Put of what is left: %v", err)
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
