package disk

import (
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/rootfs"
)

func (f fixture) listed() []tranship.UploadInfo {
	f.Helper()
	var all []tranship.UploadInfo
	for info, err := range f.ListUploads(f.Context(), "") {
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, info)
	}
	return all
}

// TestSweeper checks that the sweeper alone removes expired uploads.
func TestSweeper(t *testing.T) { synctest.Test(t, testSweeper) }

func testSweeper(t *testing.T) {
	f := newFixture(t, small, unsynced()).withTinyParts()
	content := noise(1, 2*tiny)
	kept, left := f.begin(resumable("kept", content)), f.begin(resumable("left", content))
	f.write(left, content, 0)
	f.detach(left)
	done := f.begin(resumable("done", content))
	f.finish(done, "done", content)
	f.detach(done)
	if n := len(f.uploads()); n != 5 {
		t.Fatalf("%d files", n)
	}
	time.Sleep(commitExpiry + sweepInterval)
	synctest.Wait()
	if n := len(f.uploads()); n != 4 {
		t.Errorf("%d files after a day", n)
	}
	time.Sleep(DefaultUploadExpiry - commitExpiry - 2*sweepInterval)
	f.write(kept, content, 0)
	if n := len(f.listed()); n != 2 {
		t.Errorf("%d uploads just before they expire", n)
	}
	time.Sleep(2 * sweepInterval)
	synctest.Wait()
	if n := len(f.uploads()); n != 2 {
		t.Errorf("%d files after seven days", n)
	}
	infos := f.listed()
	if len(infos) != 1 || infos[0].ID != kept.ID() {
		t.Errorf("listed are %+v", infos)
	}
	again := f.begin(resumable("left", content))
	if again.Epoch() != 1 {
		t.Errorf("resumed after it expired: epoch %d", again.Epoch())
	}
	f.finish(again, "left", content)
	f.finish(kept, "kept", content)
}

// An upload expires even if it is open.
func TestExpiryEndsOpenUpload(t *testing.T) {
	system := unsynced()
	now := time.Now()
	system.now = func() time.Time { return now }
	options := small
	options.UploadExpiry = time.Hour
	f := newFixture(t, options, system).withTinyParts()
	content := noise(1, 2*tiny)
	u := f.begin(resumable("file", content))
	f.write(u, content, 0)
	if infos := f.listed(); len(infos) != 1 || !infos[0].Expires.Equal(now.Add(time.Hour)) {
		t.Errorf("listed are %+v", infos)
	}
	now = now.Add(time.Hour)
	f.sweep()
	f.fails("Part", f.tryWrite(u, content, 1), tranship.ErrAborted)
	if left := f.uploads(); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
}

func TestExpiryAndMemoryOutliveTheProcess(t *testing.T) {
	system := unsynced()
	passed := time.Duration(0)
	system.now = func() time.Time { return time.Now().Add(passed) }
	f := newFixture(t, small, system).withTinyParts()
	content := noise(1, 2*tiny)
	spec := resumable("left", content)
	spec.Attributes.ModTime = new(time.Now().AddDate(-30, 0, 0)) // the source's time does not affect the expiry
	u := f.begin(spec)
	f.write(u, content, 0)
	f.detach(u)
	f.finish(f.begin(resumable("done", content)), "done", content)

	passed = commitExpiry - time.Minute
	f = f.reopen()
	done := f.begin(resumable("done", content))
	f.has(done, content, 0, 1)
	f.finish(done, "done", content)
	passed = DefaultUploadExpiry - time.Minute
	f = f.reopen()
	if again := f.begin(resumable("done", content)); again.Epoch() != 1 {
		t.Errorf("a commit is remembered for a week")
	}
	if n := len(f.listed()); n != 2 {
		t.Errorf("%d uploads", n)
	}
	passed = DefaultUploadExpiry
	f = f.reopen()
	if infos := f.listed(); len(infos) > 1 || len(infos) == 1 && infos[0].Path == "left" {
		t.Errorf("listed are %+v", infos)
	}
}

func TestSpaceOfIdleUploads(t *testing.T) {
	system := unsynced()
	now := time.Now()
	system.now = func() time.Time { return now }
	free := int64(10 * tiny)
	system.free = func(*rootfs.Dir) (int64, error) { return free, nil }
	f := newFixture(t, small, system).withTinyParts()
	content := noise(1, 8*tiny)
	reserved := func(want int64) {
		t.Helper()
		if f.space.reserved != want {
			t.Errorf("%d bytes are reserved, want %d", f.space.reserved, want)
		}
	}
	u := f.begin(resumable("file", content))
	f.write(u, content, 0, 1)
	free -= 2 * tiny
	reserved(6 * tiny)
	_, err := f.Begin(t.Context(), resumable("other", content))
	f.fails("Begin beside it", err, tranship.ErrNoSpace)

	now = now.Add(idleTime)
	f.sweep()
	reserved(0)
	other := f.begin(resumable("other", content[:4*tiny]))
	f.fails("Part of what has no space any more", f.tryWrite(u, content, 2), tranship.ErrNoSpace)
	f.detach(u)
	_, err = f.Begin(t.Context(), resumable("file", content))
	f.fails("Begin of what has no space any more", err, tranship.ErrNoSpace)
	if err := other.Abort(t.Context()); err != nil {
		t.Fatal(err)
	}
	u = f.begin(resumable("file", content))
	f.has(u, content, 0, 1)
	reserved(6 * tiny)
	now = now.Add(idleTime)
	f.sweep()
	reserved(0)
	f.write(u, content, 2)
	reserved(5 * tiny)
	f.detach(u)
	f = f.reopen()
	reserved(0)
	u = f.begin(resumable("file", content))
	reserved(5 * tiny)
	f.finish(u, "file", content)
	reserved(0)
}

// An upload whose files were removed by hand cannot be resumed.
func TestUploadsRemovedByHand(t *testing.T) {
	f := newFixture(t, small, unsynced()).withTinyParts()
	content := noise(1, 2*tiny)
	for _, suffix := range []string{"", ".journal"} {
		u := f.begin(resumable("file", content))
		f.write(u, content, 0)
		f.detach(u)
		if err := os.Remove(f.at(uploadsDirectory + "/" + u.ID() + suffix)); err != nil {
			t.Fatal(err)
		}
		again := f.begin(resumable("file", content))
		if again.Epoch() != 1 {
			t.Errorf("resumed with epoch %d", again.Epoch())
		}
		f.detach(again)
		if err := f.AbortUpload(t.Context(), again.ID()); err != nil {
			t.Error(err)
		}
		if left := f.uploads(); len(left) > 0 {
			t.Errorf("left are %q", left)
		}
	}
}
