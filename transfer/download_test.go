package transfer

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tranship/tranship"
	"github.com/tranship/tranship/store/mem"
)

// downloadBytes is a file of 6 parts of a Dir.
const downloadBytes = 5*leastLocalPart + 4321

// download is a store with the file "a", and a directory that gets "copy".
type download struct {
	source *cutSource
	name   string
	data   []byte
}

func newDownload(t *testing.T) *download {
	t.Helper()
	d := &download{source: &cutSource{Store: &mem.Store{}, left: -1}, name: t.TempDir(), data: random(downloadBytes)}
	putLarge(t, d.source, "a", d.data)
	return d
}

// copy copies as another process would, until left bytes have been read.
func (d *download) copy(t *testing.T, left int, options Options) (Result, error) {
	t.Helper()
	dir, err := OpenDir(d.name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dir.Close() }()
	d.source.left, d.source.read = left, 0
	got := results{}
	options.Report = got.report(t)
	err = Copy(t.Context(), dir, itemOf(d.source, "a", downloadBytes), options)
	return got["a"], err
}

// interrupt leaves three parts of the file.
func (d *download) interrupt(t *testing.T, durability tranship.Durability) {
	t.Helper()
	_, err := d.copy(t, 3*leastLocalPart+5, Options{Attempts: 1, Parts: 1, Durability: durability})
	if !errors.Is(err, ErrResumable) {
		t.Fatalf("error %v", err)
	}
}

// file is the only one with the suffix.
func (d *download) file(t *testing.T, suffix string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(d.name, temporaryPrefix+"*"+suffix))
	if err != nil || len(names) != 1 {
		t.Fatalf("%q, %v", names, err)
	}
	return names[0]
}

// finish copies the rest and checks all.
func (d *download) finish(t *testing.T, options Options) Result {
	t.Helper()
	result, err := d.copy(t, -1, options)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(d.name, "copy"))
	if err != nil || !bytes.Equal(got, d.data) {
		t.Fatalf("%d bytes that are not the %d expected ones, %v", len(got), len(d.data), err)
	}
	if entries, err := os.ReadDir(d.name); err != nil || len(entries) != 1 {
		t.Fatalf("%v, %v", entries, err)
	}
	if result.SentBytes+result.SkippedBytes != downloadBytes || d.source.read != result.SentBytes {
		t.Errorf("%+v, with %d bytes read", result, d.source.read)
	}
	return result
}

func TestDownloadOverManyCuts(t *testing.T) {
	for _, after := range []int{leastLocalPart, leastLocalPart + 1, 1_700_000, 3 * leastLocalPart, downloadBytes - 1} {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			d := newDownload(t)
			for range 20 {
				if _, err := d.copy(t, after, Options{Attempts: 1, Parts: 1}); err == nil {
					break
				} else if !errors.Is(err, tranship.ErrUnavailable) || !errors.Is(err, ErrResumable) {
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
		if result := d.finish(t, Options{Durability: durability}); result.SkippedBytes != 3*leastLocalPart {
			t.Errorf("%v: %+v", durability, result)
		}
	}
}

// What became of the files meanwhile costs no more than the parts that it hit.
func TestDownloadResumesAfterDamage(t *testing.T) {
	for _, test := range []struct {
		name    string
		damage  func(t *testing.T, d *download)
		skipped int64
		restart bool
	}{
		{"byte of the partial file", func(t *testing.T, d *download) { rewrite(t, d.file(t, partialSuffix), leastLocalPart) }, 2, false},
		{"end of the partial file", func(t *testing.T, d *download) { truncate(t, d.file(t, partialSuffix), leastLocalPart+1) }, 1, false},
		{"more than the file", func(t *testing.T, d *download) { truncate(t, d.file(t, partialSuffix), downloadBytes+9) }, 3, false},
		{"no partial file", func(t *testing.T, d *download) { remove(t, d.file(t, partialSuffix)) }, 0, true},
		{"no journal", func(t *testing.T, d *download) { remove(t, d.file(t, journalSuffix)) }, 0, true},
		{"empty journal", func(t *testing.T, d *download) { truncate(t, d.file(t, journalSuffix), 0) }, 0, true},
		{"first line of the journal", func(t *testing.T, d *download) { rewrite(t, d.file(t, journalSuffix), 12) }, 0, true},
		{"link in place of the partial file", func(t *testing.T, d *download) {
			name := d.file(t, partialSuffix)
			victim := filepath.Join(t.TempDir(), "victim")
			if err := errors.Join(os.Rename(name, victim), os.Symlink(victim, name)); err != nil {
				t.Fatal(err)
			}
		}, 0, true},
		{"torn last line", func(t *testing.T, d *download) {
			name := d.file(t, journalSuffix)
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			truncate(t, name, info.Size()-3)
		}, 2, false},
		{"garbage after the journal", func(t *testing.T, d *download) {
			f, err := os.OpenFile(d.file(t, journalSuffix), os.O_WRONLY|os.O_APPEND, 0)
			if err != nil {
				t.Fatal(err)
			}
			_, err = f.Write(random(9000))
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
			result := d.finish(t, Options{Events: func(e Event) { restarted = restarted || e.Kind == EventRestart }})
			if result.SkippedBytes != test.skipped*leastLocalPart || restarted != test.restart {
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
	text, err := os.ReadFile(d.file(t, journalSuffix))
	if err != nil {
		t.Fatal(err)
	}
	whole, length, err := readJournal(bytes.NewReader(text))
	if err != nil || length != int64(len(text)) || len(whole.parts) != 3 {
		t.Fatalf("%+v, %d of %d bytes, %v", whole, length, len(text), err)
	}
	lines := 0
	for end := range text {
		torn, length, err := readJournal(bytes.NewReader(text[:end]))
		if want := int64(bytes.LastIndexByte(text[:end], '\n') + 1); length != want || (err != nil) != (want == 0) {
			t.Fatalf("torn at %d: %d bytes, %v", end, length, err)
		}
		for n, crc := range torn.parts {
			if whole.parts[n] != crc {
				t.Errorf("torn at %d: part %d is %08x", end, n, crc)
			}
		}
		lines = max(lines, len(torn.parts))
	}
	if lines != 2 {
		t.Errorf("at most %d parts", lines)
	}
}

// A changed version starts over, and says so.
func TestDownloadOfAnotherVersion(t *testing.T) {
	d := newDownload(t)
	d.interrupt(t, tranship.DurabilityDefault)
	d.data = bytes.Repeat([]byte("other"), downloadBytes)[:downloadBytes]
	putLarge(t, d.source, "a", d.data)
	var events []Event
	result := d.finish(t, Options{Events: func(e Event) { events = append(events, e) }})
	i := slices.IndexFunc(events, func(e Event) bool { return e.Kind == EventRestart })
	if i < 0 || !errors.Is(events[i].Err, ErrChanged) || events[i].Bytes != 3*leastLocalPart || result.SkippedBytes != 0 {
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
		options := Options{Parts: 1, Events: func(e Event) {
			if e.Kind == EventResume && !replaced {
				replaced = true
				d.data = other
				putLarge(t, d.source, "a", other)
			}
			if e.Kind == EventRetry && errors.Is(e.Err, ErrChanged) {
				retries++
			}
		}}
		if result := d.finish(t, options); result.SkippedBytes != 0 || retries != 1 {
			t.Errorf("%d retries, %+v", retries, result)
		}
	})
}

// Two processes that copy to one target do not disturb each other.
func TestDownloadTwice(t *testing.T) {
	d := newDownload(t)
	first, second := openDir(t, d.name), openDir(t, d.name)
	spec := tranship.Spec{Path: "copy", Size: new(int64(3)), ResumeKey: "key"}
	begin := func(dir *Dir) tranship.Upload {
		upload, err := dir.Begin(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		return upload
	}
	write := func(upload tranship.Upload, data string) {
		part, err := upload.Part(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte(data)); err != nil {
			t.Fatal(err)
		}
		if err := part.Close(); err != nil {
			t.Fatal(err)
		}
	}
	one, two := begin(first), begin(second)
	write(one, "one")
	write(two, "two")
	if len(one.Durable()) != 1 || len(two.Durable()) != 0 {
		t.Errorf("durable are %v and %v", one.Durable(), two.Durable())
	}
	// In one process, the newer ends the older.
	three := begin(first)
	if _, err := one.Part(t.Context(), 0); !errors.Is(err, tranship.ErrAborted) || three.Epoch() != one.Epoch()+1 {
		t.Errorf("epoch %d, %v", three.Epoch(), err)
	}
	if err := errors.Join(one.Abort(t.Context()), one.Detach(t.Context())); err != nil || len(three.Durable()) != 1 {
		t.Errorf("%v, %v", three.Durable(), err)
	}
	for _, upload := range []tranship.Upload{two, three} {
		if _, err := upload.Commit(t.Context(), tranship.Commit{Size: 3}); err != nil {
			t.Fatal(err)
		}
	}
	mustHave(t, first, "copy", []byte("one"))
	if all := tree(t, d.name); len(all) != 1 || len(first.resumable) != 0 {
		t.Errorf("left are %q and %d uploads", all, len(first.resumable))
	}
}

// A part that is begun again is not durable meanwhile, also for a process that comes
// after a crash.
func TestDirVoidsParts(t *testing.T) {
	for _, durability := range []tranship.Durability{tranship.DurabilityWritten, tranship.DurabilityDurable} {
		dir := openDir(t, t.TempDir())
		spec := tranship.Spec{Path: "copy", Size: new(int64(3)), ResumeKey: "key", Durability: durability}
		upload, err := dir.begin(spec)
		if err != nil {
			t.Fatal(err)
		}
		for _, data := range []string{"one", "two", "on"} {
			part, err := upload.Part(t.Context(), 0)
			if err != nil || len(upload.Durable()) > 0 {
				t.Fatalf("%v, %v", upload.Durable(), err)
			}
			if _, err := part.Write([]byte(data)); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(part.Close(), upload.Sync(t.Context())); err != nil || len(upload.Durable()) != len(data)/3 {
				t.Fatalf("%v, %v", upload.Durable(), err)
			}
		}
		upload.letGo() // as in a crash
		again, err := dir.begin(spec)
		if err != nil || len(again.Durable()) > 0 || again.Epoch() != 2 {
			t.Fatalf("epoch %d, %v, %v", again.Epoch(), again.Durable(), err)
		}
		// Nothing is worth keeping.
		if err := again.Detach(t.Context()); err != nil || len(tree(t, dir.name)) != 0 {
			t.Errorf("left are %q, %v", tree(t, dir.name), err)
		}
	}
}

func FuzzReadJournal(f *testing.F) {
	var whole bytes.Buffer
	for _, line := range []any{
		journalHead{journalFormat, "key", 10, 3},
		journalLine{Epoch: 1},
		journalLine{Part: new(0), CRC32C: new(uint32(5))},
		journalLine{Part: new(3), CRC32C: new(uint32(0))},
		journalLine{Part: new(0)},
	} {
		if err := appendLine(&whole, line); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(whole.Bytes())
	f.Add([]byte("00000000 \n"))
	f.Add([]byte(strings.Repeat("x", maxJournalLine+1)))
	f.Fuzz(func(t *testing.T, text []byte) {
		j, length, err := readJournal(bytes.NewReader(text))
		if err != nil {
			if !errors.Is(err, errJournal) {
				t.Fatal(err)
			}
			return
		}
		if length < 1 || length > int64(len(text)) || text[length-1] != '\n' {
			t.Fatalf("%d bytes of %q", length, text)
		}
		for n := range j.parts {
			if n < 0 || int64(n)*j.head.PartSize >= j.head.Size {
				t.Errorf("part %d of %+v", n, j.head)
			}
		}
		if total := j.bytes(); total < 0 || total > j.head.Size {
			t.Errorf("%d bytes of %+v", total, j.head)
		}
		// What was read is read again alike.
		again, n, err := readJournal(bytes.NewReader(text[:length]))
		if err != nil || n != length || len(again.parts) != len(j.parts) {
			t.Errorf("%+v, %d, %v", again, n, err)
		}
	})
}
