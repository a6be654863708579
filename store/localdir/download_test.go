package localdir_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/internal/testing/filetest"
	"github.com/tranship/tranship/store/localdir"
	"github.com/tranship/tranship/transfer"
)

func TestDownloadOverManyCuts(t *testing.T) {
	for _, after := range []int{localdir.LeastPart, localdir.LeastPart + 1, 1_700_000, 3 * localdir.LeastPart, downloadBytes - 1} {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			d := newDownload(t)
			for range 20 {
				if _, err := d.copy(t, after, transfer.Options{Attempts: 1, Parts: 1}); err == nil {
					break
				} else if !errors.Is(err, tranship.ErrUnavailable) || !errors.Is(err, transfer.ErrResumable) {
					t.Fatal(err)
				}
			}
			got, err := os.ReadFile(filepath.Join(d.name, "copy"))
			if err != nil || !bytes.Equal(got, d.data) {
				t.Fatalf("%d bytes that are not the %d expected ones, %v", len(got), len(d.data), err)
			}
		})
	}
}

func TestDownloadResumes(t *testing.T) {
	for _, durability := range []tranship.Durability{tranship.DurabilityDefault, tranship.DurabilityDurable} {
		d := newDownload(t)
		d.interrupt(t, durability)
		if result := d.finish(t, transfer.Options{Durability: durability}); result.SkippedBytes != 3*localdir.LeastPart {
			t.Errorf("%v: %+v", durability, result)
		}
	}
}

// Damage to the files between two attempts costs only the damaged parts.
func TestDownloadResumesAfterDamage(t *testing.T) {
	for _, test := range []struct {
		name    string
		damage  func(t *testing.T, d *download)
		skipped int64
		restart bool
	}{
		{"byte of the partial file", func(t *testing.T, d *download) {
			filetest.Rewrite(t, d.file(t, localdir.PartialSuffix), localdir.LeastPart)
		}, 2, false},
		{"end of the partial file", func(t *testing.T, d *download) { truncate(t, d.file(t, localdir.PartialSuffix), localdir.LeastPart+1) }, 1, false},
		{"more than the file", func(t *testing.T, d *download) { truncate(t, d.file(t, localdir.PartialSuffix), downloadBytes+9) }, 3, false},
		{"no partial file", func(t *testing.T, d *download) { remove(t, d.file(t, localdir.PartialSuffix)) }, 0, true},
		{"no journal", func(t *testing.T, d *download) { remove(t, d.file(t, localdir.JournalSuffix)) }, 0, true},
		{"empty journal", func(t *testing.T, d *download) { truncate(t, d.file(t, localdir.JournalSuffix), 0) }, 0, true},
		{"first line of the journal", func(t *testing.T, d *download) { filetest.Rewrite(t, d.file(t, localdir.JournalSuffix), 12) }, 0, true},
		{"link in place of the partial file", func(t *testing.T, d *download) {
			name := d.file(t, localdir.PartialSuffix)
			victim := filepath.Join(t.TempDir(), "victim")
			if err := errors.Join(os.Rename(name, victim), os.Symlink(victim, name)); err != nil {
				t.Fatal(err)
			}
		}, 0, true},
		{"torn last line", func(t *testing.T, d *download) {
			name := d.file(t, localdir.JournalSuffix)
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			truncate(t, name, info.Size()-3)
		}, 2, false},
		{"garbage after the journal", func(t *testing.T, d *download) {
			f, err := os.OpenFile(d.file(t, localdir.JournalSuffix), os.O_WRONLY|os.O_APPEND, 0)
			if err != nil {
				t.Fatal(err)
			}
			_, err = f.Write(filetest.Random(9000))
			if err := errors.Join(err, f.Close()); err != nil {
				t.Fatal(err)
			}
		}, 3, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDownload(t)
			d.interrupt(t, tranship.DurabilityDefault)
			test.damage(t, d)
			restarted := false
			result := d.finish(t, transfer.Options{Events: func(e transfer.Event) { restarted = restarted || e.Kind == transfer.EventRestart }})
			if result.SkippedBytes != test.skipped*localdir.LeastPart || restarted != test.restart {
				t.Errorf("restarted %v, %+v", restarted, result)
			}
		})
	}
}

func truncate(t *testing.T, name string, size int64) {
	t.Helper()
	if err := os.Truncate(name, size); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
}

// A journal that a crash tore at any place is good for what comes before.
func TestDownloadTornJournal(t *testing.T) {
	d := newDownload(t)
	d.interrupt(t, tranship.DurabilityDefault)
	name := d.file(t, localdir.JournalSuffix)
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	id := strings.TrimSuffix(filepath.Base(name), localdir.JournalSuffix)
	whole, length, ok := localdir.ReadJournal(id, data)
	if !ok || length != int64(len(data)) || len(whole) != 3 {
		t.Fatalf("%+v, %d of %d bytes, %v", whole, length, len(data), ok)
	}
	most, last := 0, int64(0)
	for end := range data {
		torn, length, ok := localdir.ReadJournal(id, data[:end])
		if length > int64(end) || length < last || ok != (length > 0) {
			t.Fatalf("torn at %d: %d bytes, %v", end, length, ok)
		}
		last = length
		for n, crc := range torn {
			if whole[n] != crc {
				t.Errorf("torn at %d: part %d is %08x", end, n, crc)
			}
		}
		most = max(most, len(torn))
	}
	if most != 2 {
		t.Errorf("at most %d parts", most)
	}
}

// A changed version starts over, and says so.
func TestDownloadOfAnotherVersion(t *testing.T) {
	d := newDownload(t)
	d.interrupt(t, tranship.DurabilityDefault)
	d.data = bytes.Repeat([]byte("other"), downloadBytes)[:downloadBytes]
	filetest.Put(t, d.source, "a", d.data)
	var events []transfer.Event
	result := d.finish(t, transfer.Options{Events: func(e transfer.Event) { events = append(events, e) }})
	i := slices.IndexFunc(events, func(e transfer.Event) bool { return e.Kind == transfer.EventRestart })
	if i < 0 || !errors.Is(events[i].Err, transfer.ErrChanged) || events[i].Bytes != 3*localdir.LeastPart || result.SkippedBytes != 0 {
		t.Errorf("%+v, %+v", events, result)
	}
}

// A version that is replaced while it is fetched starts over, too, and leaves nothing
// of the old one.
func TestDownloadReplacedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDownload(t)
		d.interrupt(t, tranship.DurabilityDefault)
		other := bytes.Repeat([]byte("other"), downloadBytes)[:downloadBytes]
		replaced, retries := false, 0
		options := transfer.Options{Parts: 1, Events: func(e transfer.Event) {
			if e.Kind == transfer.EventResume && !replaced {
				replaced = true
				d.data = other
				filetest.Put(t, d.source, "a", other)
			}
			if e.Kind == transfer.EventRetry && errors.Is(e.Err, transfer.ErrChanged) {
				retries++
			}
		}}
		if result := d.finish(t, options); result.SkippedBytes != 0 || retries != 1 {
			t.Errorf("%d retries, %+v", retries, result)
		}
	})
}

// The digest of a file that is resumed is of all of it.
func TestDownloadResumesWithDigest(t *testing.T) {
	d := newDownload(t)
	d.interrupt(t, tranship.DurabilityDefault)
	sum := sha256.Sum256(d.data)
	dir := openDir(t, d.name)
	d.source.left = -1
	items := func(yield func(transfer.Item, error) bool) {
		for item := range itemOf(d.source, "a", downloadBytes) {
			item.Digest = &transfer.Digest{Algorithm: transfer.SHA256, Sum: sum[:]}
			yield(item, nil)
		}
	}
	got := results{}
	if err := transfer.Copy(t.Context(), dir, items, transfer.Options{Report: got.report(t)}); err != nil || got["a"].SkippedBytes == 0 {
		t.Fatalf("%+v, %v", got["a"], err)
	}
	if copied, err := os.ReadFile(filepath.Join(d.name, "copy")); err != nil || string(copied) != string(d.data) {
		t.Errorf("%d bytes, %v", len(copied), err)
	}
}
